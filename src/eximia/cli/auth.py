"""`eximia auth`: verify a message file and tell why.

    eximia auth MESSAGE.eml [--ip ADDRESS --helo NAME --mail-from SENDER] [--dns zone.json] [--json]

Without --dns the system's name servers are asked; a zone file is described in `eximia.mailauth.zone`. `-` reads the
message from standard input. No configuration is read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from eximia.dns.answer import Answer
    from eximia.mailauth.authentication import Authenticated


def command(words: Sequence[str]) -> int:
    """The exit status: 0, whatever was found; 2 for wrong words or files."""
    given = _parser().parse_args(list(words))
    from eximia.mailauth.authentication import Envelope, authenticate

    try:
        message = _read(given.message)
        ask = _resolver(given)
        envelope = None
        if given.ip:
            envelope = Envelope(given.ip, _bytes(given.helo), _bytes(given.mail_from.strip("<>")), given.id)
        found = authenticate(message, envelope, ask, now=given.now, finder=_finder(given, ask))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"eximia auth: {error}\n")
        return 2
    table = _table(found, given.id)
    if given.json:
        import json

        sys.stdout.write(json.dumps(table, indent=1) + "\n")
    else:
        _print(table)
    return 0


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(prog="eximia auth", description="Verify a message file, and tell why.")
    parser.add_argument("message", metavar="MESSAGE.eml", help="the message; - for standard input")
    parser.add_argument("--ip", default="", metavar="ADDRESS", help="the client that sent it (for SPF)")
    parser.add_argument("--helo", default="", metavar="NAME", help="what the client said in EHLO")
    parser.add_argument("--mail-from", default="", metavar="SENDER", help="the envelope's sender; empty: <>")
    parser.add_argument("--dns", default="", metavar="FILE", help="answers to DNS questions, as JSON")
    parser.add_argument("--now", type=float, metavar="SECONDS", help="the time, in seconds since 1970")
    parser.add_argument("--id", default="localhost", metavar="NAME", help="who we are, in Authentication-Results")
    parser.add_argument("--rfc7489", action="store_true", help="DMARC with the public suffix list")
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser


def _read(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def _bytes(text: str) -> str:
    """An argument as text that holds bytes."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _resolver(given: Any) -> Callable[[str, str], Answer]:
    if given.dns:
        from eximia.mailauth.zone import Zone

        with open(given.dns, encoding="utf-8") as file:
            return Zone.from_json(file.read()).query
    from eximia.aio.direct import DirectPorts

    ask: Callable[[str, str], Answer] = DirectPorts().resolver.query
    return ask


def _finder(given: Any, ask: Callable[[str, str], Answer]) -> Any:
    if not given.rfc7489:
        return None
    from eximia.dns.suffixes import installed_list
    from eximia.mailauth.dmarc import SuffixDiscovery

    return SuffixDiscovery(ask, installed_list())


def _table(found: Authenticated, name: str) -> dict[str, Any]:
    """Everything, as a program wants it."""
    from eximia.mailauth.dmarc.discovery import DnsFailure

    table: dict[str, Any] = {}
    envelope = found.envelope
    if envelope is not None:
        assert found.iprev is not None
        table["iprev"] = {"result": found.iprev.result, "name": found.iprev.name}
        table["spf"] = [_spf(found.spf, "mailfrom" if envelope.mail_from else "helo", envelope)]
        if envelope.mail_from and found.spf_helo is not None:
            table["spf"].append(_spf(found.spf_helo, "helo", envelope))
    table["dkim"] = [
        {
            "result": one.status,
            "reason": one.reason,
            "detail": one.detail,
            "domain": one.domain,
            "selector": one.selector,
            "algorithm": one.algorithm,
            "identity": one.identity,
            "key_bits": one.key_bits,
            "testing": one.testing,
        }
        for one in found.dkim
    ]
    if found.domainkeys is not None:
        old = found.domainkeys
        table["domainkeys"] = {"result": old.result, "status": old.status, "detail": old.detail, "domain": old.domain}
    dmarc = found.dmarc
    try:
        organization = dmarc.organization
    except DnsFailure:
        organization = ""
    table["dmarc"] = {
        "result": dmarc.result,
        "detail": dmarc.why,
        "from": found.author,
        "policy": dmarc.policy,
        "published_policy": dmarc.published,
        "policy_domain": dmarc.policy_domain,
        "organizational_domain": organization,
        "aligned_spf": dmarc.spf_aligned,
        "aligned_dkim": dmarc.dkim_aligned,
        "override": dmarc.override,
        "method": dmarc.method,
        "record": dmarc.record.text if dmarc.record is not None else "",
    }
    arc = found.arc
    table["arc"] = {
        "result": arc.state,
        "detail": arc.reason,
        "instances": arc.instance,
        "domains": list(arc.domains),
        "oldest_pass": arc.oldest_pass,
    }
    table["authentication_results"] = found.field(name)
    return table


def _spf(verdict: Any, identity: str, envelope: Any) -> dict[str, Any]:
    from eximia.mailauth.spf.received import words

    domain = (envelope.mail_from if identity == "mailfrom" else envelope.helo).rpartition("@")[2]
    return {
        "result": verdict.result,
        "detail": words(verdict, envelope.address, domain),
        "identity": identity,
        "domain": domain,
        "matched": verdict.mechanism,
        "record_of": verdict.domain,
        "explanation": verdict.explanation,
    }


def _print(table: dict[str, Any]) -> None:
    """Everything, as people read it."""
    for name in ("iprev", "spf", "dkim", "domainkeys", "dmarc", "arc"):
        entries = table.get(name)
        if entries is None:
            continue
        if entries == []:
            sys.stdout.write(f"{name:<11}none\n")
        for entry in entries if isinstance(entries, list) else [entries]:
            detail = f"  {entry['detail']}" if entry.get("detail") else ""
            sys.stdout.write(_text(f"{name:<11}{entry['result']}{detail}\n"))
            for key, value in entry.items():
                if key in ("result", "detail") or value in ("", [], 0, None):
                    continue
                shown = ", ".join(value) if isinstance(value, list) else {True: "yes", False: "no"}.get(value, value)
                sys.stdout.write(_text(f"{'':<11}{key.replace('_', ' ')}: {shown}\n"))
    sys.stdout.write(_text(f"\n{table['authentication_results']}\n"))


def _text(text: str) -> str:
    """Nothing in a message may steer a terminal."""
    return "".join(char if char in "\n\t" or char.isprintable() else "?" for char in text)
