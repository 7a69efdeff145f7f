"""What is mended in the header of a message on arrival (manual chapter 48).

Removing lines that do not belong in transit, completing locally-originated and submitted messages, checking From:
against the sender, qualifying addresses. Rewriting by rules is `rewrite`, the Received: line is in `received`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.pattern import pattern
from eximia.message.address import (
    AddressSyntaxError,
    Syntax,
    addresses_in,
    parse_address,
    quote_local_part,
    split_address,
)
from eximia.message.dates import rfc5322
from eximia.message.header import DELETED, OTHER, Header, settle_message_id
from eximia.message.phrase import phrase

from .policy import Policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eximia.config.main import MainOptions
    from eximia.context import Context


@dataclass(slots=True)
class Origin:
    """Where the message comes from, as far as fix-ups care."""

    #: not received over TCP/IP, nor with -oMa
    local: bool = False
    #: a non-SMTP message
    stdin: bool = False
    trusted: bool = True
    #: the program itself wrote the message
    ours: bool = False
    #: the caller, for local messages
    login: str = ""
    name: str = ""
    #: the sender is the caller's own address
    own_sender: bool = False
    #: -F was given
    name_given: bool = False
    qualify_senders: bool = False
    qualify_recipients: bool = False
    qualify_domain: str = ""
    qualify_recipient: str = ""


_REMOVED = (
    ("return-path", "return_path_remove"),
    ("envelope-to", "envelope_to_remove"),
    ("delivery-date", "delivery_date_remove"),
)


def take_headers(main: MainOptions, fields: Sequence[str]) -> tuple[list[Header], bool]:
    """The header lines as `Header`s, with lines that do not belong in transit marked as deleted.
    Returns them, and whether the message was resent."""
    headers = [Header(field) for field in fields]
    resent = settle_message_id(headers)
    for header in headers:
        if header.name in _TRANSIT:
            for name, option in _REMOVED:
                if header.name == name and getattr(main, option):
                    header.type = DELETED
    return headers, resent


_TRANSIT = frozenset(name for name, _ in _REMOVED)


def complete(ctx: Context, policy: Policy, origin: Origin, *, resent: bool) -> None:
    """Add Message-ID:, From:, Date:, check and add Sender: (48.5, 48.8, 48.11, 48.12, 48.16)."""
    message = ctx.message
    submission = message.submission_mode
    fixing = (origin.local and not message.suppress_local_fixups) or submission
    retain = message.submission_sender_retain if submission else ctx.process.main.local_sender_retain
    if not retain and (submission or (fixing and not origin.trusted)):
        unwanted = "resent-sender" if resent else "sender"
        for header in message.headers:
            if header.type == "S" and header.name == unwanted:
                header.type = DELETED
    if origin.stdin:
        _login_in_from(ctx, origin, "resent-from" if resent else "from")
    if not fixing:
        return
    prefix = "Resent-" if resent else ""
    headers: list[Header] = message.headers
    if not any(header.type == "I" for header in headers):
        line = Header(f"{prefix}Message-Id: <{_message_id(ctx, policy)}>\n", "I")
        if resent:
            headers.insert(1 if headers and headers[0].type == "P" else 0, line)
        else:
            headers.append(line)
        message.notes["message_id_created"] = True
    _from_and_sender(ctx, origin, prefix, submission=submission)
    date = f"{prefix}date".lower()
    if not any(header.name == date and header.type != DELETED for header in headers):
        line = Header(f"{prefix}Date: {rfc5322(message.received_time)}\n", OTHER)
        if resent:
            headers.insert(1 if headers and headers[0].type == "P" else 0, line)
        else:
            headers.append(line)


_BAD_IN_ID = pattern(r"[^A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]")
_BAD_IN_DOMAIN = pattern(r"[^A-Za-z0-9.-]")


def _message_id(ctx: Context, policy: Policy) -> str:
    """`Eid[.text]@domain`."""
    main = ctx.process.main
    local = f"E{ctx.message.id}"
    domain = ctx.process.primary_hostname
    for option in ("message_id_header_text", "message_id_header_domain"):
        template = getattr(main, option)
        if template is None:
            continue
        try:
            text = policy.expand(ctx, template)
        except ForcedFailure:
            continue
        except ExpansionError as error:
            ctx.process.log.panic(f'expansion of "{template.text}" ({option}) failed: {error.message}', ctx.message.id)
            continue
        if text and option.endswith("text"):
            local += "." + _BAD_IN_ID.sub("-", text)
        elif text:
            domain = _BAD_IN_DOMAIN.sub("-", text)
    return f"{local}@{domain}"


def _login_in_from(ctx: Context, origin: Origin, wanted: str) -> None:
    """`From: login` becomes the caller's full address, as Sendmail does; in a resent message `Resent-From:` does."""
    login = origin.login.lower()
    headers: list[Header] = ctx.message.headers
    for header in list(headers):
        if login and header.name == wanted and header.type == "F" and header.body.strip().lower() == login:
            name = header.text.partition(":")[0]
            headers.append(Header(f"{name}: {own_address(ctx, origin)}\n", "F"))
            header.type = DELETED


def own_address(ctx: Context, origin: Origin) -> str:
    """`Full Name <login@qualify_domain>`; a trusted caller who named the sender with -f goes without a full name."""
    bare = f"{origin.login}@{origin.qualify_domain}"
    if origin.stdin and origin.trusted and not (origin.own_sender or origin.name_given or origin.ours):
        return f" <{bare}>"
    return _named(ctx, origin.name, bare) if origin.name or origin.name_given else bare


def _named(ctx: Context, name: str, address: str) -> str:
    """The address with a name in front of it."""
    return f"{phrase(name, str(ctx.process.main.headers_charset))} <{address}>"


def _authenticated(ctx: Context, origin: Origin) -> str:
    """The address of the authenticated client of a submission; empty when it is not authenticated."""
    session = ctx.session
    if not session.sender_host_authenticated and not origin.local:
        return ""
    id_ = session.authenticated_id
    if not id_:
        return ""
    domain = ctx.message.submission_domain
    if domain is None:
        domain = origin.qualify_domain
    return f"{quote_local_part(id_)}@{domain}" if domain else id_


def _from_and_sender(ctx: Context, origin: Origin, prefix: str, *, submission: bool) -> None:
    message = ctx.message
    main = ctx.process.main
    name = f"{prefix}From".lower()
    named = [header for header in message.headers if header.name == name and header.type != DELETED]
    found = named[-1] if named else None
    generated = _authenticated(ctx, origin) if submission else ""
    if found is None:
        text = _new_from(ctx, origin, generated, submission=submission)
        if text:
            found = Header(f"{prefix}From: {text}\n", "F")
            message.headers.append(found)
        if found is None:
            return
    if submission:
        if message.submission_sender_retain or not generated:
            return
        expected = generated
    else:
        if origin.trusted or not main.local_from_check or not origin.login:
            return
        expected = f"{origin.login}@{origin.qualify_domain}"
    if not _is_from(found, expected, ctx, origin):
        if submission:
            full = _named(ctx, message.submission_name, expected) if message.submission_name else expected
        else:
            full = own_address(ctx, origin)
        message.headers.append(Header(f"{prefix}Sender: {full}\n", "S"))
    if submission and message.sender_address:
        # What must not be answered stays so.
        message.sender_address = expected


def _new_from(ctx: Context, origin: Origin, generated: str, *, submission: bool) -> str:
    """What an added From: says; empty for none."""
    message = ctx.message
    sender = message.sender_address
    if submission:
        address = sender or generated
        if not address:
            return ""
        return _named(ctx, message.submission_name, address) if message.submission_name else address
    if not sender:
        return own_address(ctx, origin) if origin.login and (origin.ours or not origin.trusted) else ""
    if origin.own_sender or origin.name_given:
        return _named(ctx, origin.name, sender) if origin.name else sender
    return sender


def _is_from(header: Header, expected: str, ctx: Context, origin: Origin) -> bool:
    """Whether From: holds `expected`, its local part perhaps with the permitted affixes."""
    body = header.body
    spans = list(addresses_in(body))
    if len(spans) != 1:
        return False
    try:
        parsed = parse_address(body[spans[0][0] : spans[0][1]], syntax=_LENIENT)
    except AddressSyntaxError:
        return False
    local, domain = split_address(expected)
    main = ctx.process.main
    if (parsed.domain or (origin.qualify_domain if origin.qualify_senders else "")).lower() != domain.lower():
        return False
    local = local.lower()
    if local == parsed.local_part.lower():
        return True
    if main.local_from_prefix is None and main.local_from_suffix is None:
        return False
    return local == _without_affixes(parsed.local_part, main.local_from_prefix, main.local_from_suffix).lower()


_LENIENT = Syntax(allow_domain_literals=True)


def _without_affixes(local: str, prefixes: str | None, suffixes: str | None) -> str:
    """The local part without the first permitted prefix and then the first permitted suffix that it has."""
    from eximia.routers.affixes import match_prefix, match_suffix

    if (prefix := match_prefix(local, _items(prefixes))) is not None:
        local = local[len(prefix.text) :]
    if (suffix := match_suffix(local, _items(suffixes))) is not None:
        local = local[: len(local) - len(suffix.text)]
    return local


def _items(text: str | None) -> list[str]:
    return [item.strip() for item in text.split(":") if item.strip()] if text else []


def rewrite_recipients(ctx: Context) -> None:
    """Obey the rewriting rules for the envelope's recipients, once the header lines are there (31.2)."""
    if not getattr(ctx.process.config, "rewrite", None):
        return
    from eximia.rewrite import rewrite_envelope

    for recipient in ctx.message.recipients:
        new = rewrite_envelope(ctx, recipient.address, "T")
        if new != recipient.address:
            if recipient.dsn_flags and not recipient.submitted:
                recipient.submitted = recipient.address
            recipient.address = new


def qualify_headers(ctx: Context, origin: Origin) -> None:
    """Complete unqualified addresses in header lines and obey the rewriting rules; the old line stays, marked as
    deleted (31.2, 48.3)."""
    sender_domain = origin.qualify_domain if origin.qualify_senders else ""
    recipient_domain = origin.qualify_recipient if origin.qualify_recipients else ""
    rules: Any = ctx.process.config.rewrite if ctx.process.config is not None else ()
    if not (rules or sender_domain or recipient_domain):
        return
    from eximia.rewrite.header_lines import complete_headers
    from eximia.rewrite.rules import Rules

    complete_headers(ctx, rules or Rules(), sender_domain, recipient_domain)


def header_message_id(headers: Sequence[Header]) -> str:
    """What stands between the brackets of the Message-ID: line, for `id=`."""
    for header in headers:
        if header.type == "I":
            text = header.body.strip()
            start = text.find("<")
            end = text.find(">", start + 1)
            return text[start + 1 : end] if 0 <= start < end else text
    return ""
