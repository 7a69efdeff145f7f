"""`eximia tls-check ADDRESS|DOMAIN`: what a delivery there would do about TLS, host by host.

The address is routed and each of its hosts is connected to as its transport would, up to the point where MAIL would
follow: MX and DNSSEC, TLSA records, MTA-STS, the handshake, names, staple, and the rule that decides. Nothing is sent.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from eximia.base.dataclass import dataclass, field, fields
from eximia.logs.log import Log, LogSettings
from eximia.logs.paths import Destination

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Address, Host
    from eximia.logs.selectors import Selectors
    from eximia.tls.engine import Engine

#: how many addresses one that is redirected may become before the search ends
_MOST_ADDRESSES = 50
_OCSP = ("not asked for", "none given", "not verified", "bad", "good")


class _Notes(Log):
    """A log whose main part is a part of the answer."""

    __slots__ = ("_lines",)

    def __init__(self, selectors: Selectors, lines: list[str]) -> None:
        super().__init__(LogSettings(Destination("", syslog=False), selectors), stderr=-1)
        self._lines = lines

    def main(self, text: str, message_id: str = "") -> None:
        self._lines.append(text)


@dataclass(slots=True)
class Checked:
    """One host. `rule` is what decides: `dane`, `mta-sts`, `required` (hosts_require_tls), `opportunistic`."""

    name: str
    address: str
    port: int
    mx: int
    dnssec: bool
    rule: str = "opportunistic"
    tlsa: list[str] = field(default_factory=list)
    #: the TLSA record that matched, and the depth of its certificate: `3 1 1 at depth 0`
    tlsa_matched: str = ""
    #: mail would be handed over
    usable: bool = False
    why: str = ""
    version: str = ""
    cipher: str = ""
    certificate: str = ""
    certificate_names: str = ""
    certificate_verified: bool = False
    ocsp: str = _OCSP[0]
    #: subjects of the certificates, the server's own first: the chain that was built, or what was sent
    chain: list[str] = field(default_factory=list)
    #: what the log would say
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """All of it. `mta_sts` is the policy of the domain as text, empty without one."""

    address: str
    transport: str = ""
    problem: str = ""
    mta_sts: str = ""
    hosts: list[Checked] = field(default_factory=list)


def command(words: Sequence[str]) -> int:
    """The exit status: 0 when some host would take the mail, 1 when none, 2 for wrong words."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="eximia tls-check",
        description="What a delivery would do about TLS, host by host: it is routed, each host is connected to, and "
        "nothing is sent.",
        epilog="Exit status: 0 when some host would take the mail, 1 when none would, 2 for wrong words.",
    )
    parser.add_argument("subject", metavar="ADDRESS|DOMAIN", help="for a domain: its postmaster")
    parser.add_argument("-C", "--config", metavar="FILE", help="the configuration (default: the site's)")
    parser.add_argument("-D", dest="macro", action="append", default=[], metavar="NAME=VALUE", help="define a macro")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    given = parser.parse_args(list(words))
    from eximia.cli.opening import open_process
    from eximia.context import Context
    from eximia.daemon.invocation import Invocation

    call = Invocation(program="eximia", words=list(words), action="bt")
    call.config_files = given.config
    call.macros = [(name, value) for name, _, value in (one.partition("=") for one in given.macro)]
    process = open_process(call)
    found = check(Context(process), given.subject if "@" in given.subject else f"postmaster@{given.subject}")
    if given.json:
        import json

        sys.stdout.write(json.dumps(_plain(found), indent=1) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(found))
    return 0 if any(host.usable for host in found.hosts) else 1


def check(ctx: Context, subject: str) -> Found:
    """Route `subject` and try its hosts."""
    found = Found(subject)
    address = _route(ctx, subject, found)
    if address is None:
        return found
    from eximia.transports.smtp.failure import Failure
    from eximia.transports.smtp.hosts import hosts_for, port_of

    name: str = address.transport.name
    options: Any = address.transport.options
    found.transport, found.problem = name, ""
    variables = ctx.address
    variables.domain, variables.local_part = address.domain, address.local_part
    process = ctx.process
    notes: list[str] = []
    process.log = _Notes(process.log.selectors, notes)
    try:
        hosts = hosts_for(ctx, name, options, address)
        port = port_of(ctx, name, options)
    except Failure as failure:
        found.problem = failure.text()
        return found
    found.mta_sts = _policy(ctx, options, address.domain)
    for host in hosts:
        notes.clear()
        found.hosts.append(_try(ctx, options, host, host.port or port, address.domain))
        found.hosts[-1].notes = notes[:]
    return found


def _route(ctx: Context, subject: str, found: Found) -> Address | None:
    """The first address by SMTP that `subject` becomes; None with the reason in `found`."""
    from eximia.context import Address
    from eximia.routers.engine import route_address, split_for
    from eximia.routers.result import Mode, Verdict
    from eximia.transports.engine import is_local

    waiting = [Address(subject)]
    for _ in range(_MOST_ADDRESSES):
        if not waiting:
            break
        here = waiting.pop(0)
        split_for(ctx, here)
        routed = route_address(ctx, here, Mode.TEST)
        if routed.verdict is Verdict.ACCEPTED:
            if here.transport is not None and not is_local(here.transport):
                return here
            why = "no transport" if here.transport is None else f"transport {here.transport.name} is not smtp"
        else:
            children = [child for child in routed.children if not child.is_special]
            waiting[:0] = children
            if children:
                continue
            outcome = here.outcome
            why = (outcome.message if outcome is not None else "") or f"{here.address} is not delivered by SMTP"
        found.problem = found.problem or why
    return None


def _policy(ctx: Context, options: Any, domain: str) -> str:
    from eximia.transports.smtp.failure import Failure
    from eximia.transports.smtp.mta_sts import strictest

    try:
        for policy in strictest(ctx, options, [domain]):
            return f"{policy.mode}: {' '.join(policy.hosts)} (max_age {policy.max_age})"
    except Failure as failure:
        return failure.text()
    return ""


def _try(ctx: Context, options: Any, host: Host, port: int, domain: str) -> Checked:
    from eximia.context.session import TlsFacts
    from eximia.transports.smtp.dane import find
    from eximia.transports.smtp.encryption import required
    from eximia.transports.smtp.failure import Failure
    from eximia.transports.smtp.hosts import interface_for
    from eximia.transports.smtp.mta_sts import enforced, strictest
    from eximia.transports.smtp.opening import open_connection

    one = Checked(host.name, host.address, port, host.mx, bool(host.secure))
    if not host.address:
        one.why = host.why or "no IP address"
        return one
    variables = ctx.address
    variables.host, variables.host_address, variables.host_port = host.name, host.address, port
    variables.mta_sts, variables.tls_out = (), TlsFacts()
    try:
        dane = find(ctx, options, host, port)
        if dane is not None:
            one.rule = "dane"
            one.tlsa = [f"{r.usage} {r.selector} {r.matching} {r.data.hex()}" for r in dane.records]
        if host.from_mx or host.name == domain:
            variables.mta_sts = strictest(ctx, options, [domain])
        if dane is None and enforced(ctx):
            one.rule = "mta-sts"
        connection = open_connection(ctx, options, host, port, interface_for(ctx, "", options, host))
        if one.rule == "opportunistic" and required(ctx, connection, options):
            one.rule = "required"
        one.usable = True
        if connection.encrypted is not None:
            _look_at(one, connection.encrypted.engine)
        connection.quit()
    except Failure as failure:
        one.why = failure.text()
    _describe(one, variables.tls_out)
    return one


def _look_at(one: Checked, engine: Engine) -> None:
    from eximia.tls.engine import Chain

    built = Chain.VERIFIED if engine.chain_length(Chain.VERIFIED) else Chain.SENT
    one.chain = [engine.subject(built, at) for at in range(engine.chain_length(built))]
    match = engine.dane_match()
    if match is not None:
        depth, usage, selector, matching = match
        one.tlsa_matched = f"{usage} {selector} {matching} at depth {depth}"


def _describe(one: Checked, facts: Any) -> None:
    one.version, one.cipher = facts.version, facts.cipher
    one.certificate = facts.peerdn
    one.certificate_verified = facts.certificate_verified
    one.ocsp = _OCSP[facts.ocsp] if facts.ocsp < len(_OCSP) else ""
    if facts.peer_certificate:
        from cryptography import x509

        certificate = x509.load_der_x509_certificate(facts.peer_certificate)
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            one.certificate_names = " ".join(names.get_values_for_type(x509.DNSName))
        except x509.ExtensionNotFound:
            pass


def _plain(value: Any) -> Any:
    """Records as dictionaries, for JSON."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Found | Checked):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return value


def _lines(found: Found) -> Iterator[str]:
    """For people."""
    yield f"{found.address}: {found.problem or f'transport {found.transport}'}"
    if found.transport:
        yield f"MTA-STS: {found.mta_sts or 'no policy'}"
    for host in found.hosts:
        mx = f" MX={host.mx}" if host.mx >= 0 else ""
        yield f"host {host.name} [{host.address}]:{host.port}{mx} DNSSEC={'yes' if host.dnssec else 'no'}"
        for record in host.tlsa:
            yield f"  TLSA {record}"
        if host.tlsa_matched:
            yield f"  matched: TLSA {host.tlsa_matched}"
        if host.version:
            verified = "verified" if host.certificate_verified else "not verified"
            yield f"  TLS {host.cipher}, certificate {verified}: {host.certificate}"
            for subject in host.chain[1:]:
                yield f"    by: {subject}"
            if host.certificate_names:
                yield f"  names: {host.certificate_names}"
            yield f"  OCSP: {host.ocsp}"
        for note in host.notes:
            yield f"  log: {note}"
        how = "encrypted" if host.version else "in clear"
        yield f"  rule: {host.rule}; " + (f"mail would go {how}" if host.usable else f"no mail: {host.why}")
