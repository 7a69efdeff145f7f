"""Messages that scripts send: `vacation` (RFC 5230) and `notify` by mail (RFC 5435, 5436)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from eximia.base.dataclass import dataclass, field
from eximia.base.pattern import pattern
from eximia.base.text import Untainted
from eximia.context import Reply
from eximia.expand.mimewords import UnknownCharsetError, decode, encode
from eximia.filters.exim.personal import header_addresses, is_automatic, own_addresses
from eximia.message.address import AddressSyntaxError, parse_address

if TYPE_CHECKING:
    from eximia.context import Context

_UTF8 = 'MIME-Version: 1.0\nContent-Type: text/plain;\n\tcharset="utf-8"\nContent-Transfer-Encoding: quoted-printable'
#: where lines of quoted-printable text are broken, as Exim does
_WIDTH = 73
#: how many days the minimum and the maximum of `:days` are
FEWEST_DAYS, MOST_DAYS = 1, 31
_ROBOTS = pattern(r"\A(?:mailer-daemon|listserv|majordomo|owner-.*|.*-request|noreply|no-reply)@", re.IGNORECASE)
#: header fields a mailto URI may not set
_FIXED = frozenset({"from", "to", "cc", "bcc", "subject", "body", "received", "date", "message-id", "auto-submitted"})


@dataclass(slots=True)
class Vacation:
    """The arguments of a `vacation` command."""

    reason: str
    days: int = 7
    subject: str | None = None
    from_: str = ""
    addresses: list[str] = field(default_factory=list)
    mime: bool = False
    handle: str = ""

    def reply(self, ctx: Context, directory: str) -> Reply:
        """The message to the envelope sender, sent to each once in `days` days."""
        headers: list[str] = []
        text = self.reason
        if self.mime:
            head, _, text = self.reason.partition("\n\n")
            headers.append(head.rstrip("\n"))
        else:
            headers.append(_UTF8)
            text = _quoted_printable(text)
        # As in Exim, so that nobody is answered again by a program that takes the place of the other.
        reason = self.reason.replace("\n", "\r\n")
        key = self.handle or f"{self.subject or ''}{self.from_}{int(self.mime)}{reason}"
        name = hashlib.md5(key.encode("latin-1", "replace"), usedforsecurity=False).hexdigest().upper()
        days = max(FEWEST_DAYS, min(self.days, MOST_DAYS))
        return Reply(
            from_=self.from_ or f"{ctx.address.local_part}@{ctx.address.domain}",
            to=ctx.message.sender_address,
            subject=encode(self.subject or f"Auto: {_subject(ctx)}", "utf-8"),
            headers="\n".join(headers),
            text=text if text.endswith("\n") else text + "\n",
            once_file=Untainted(f"{directory}/{name}"),
            once_folder=True,
            once_repeat=days * 86400,
        )


def _subject(ctx: Context) -> str:
    """The message's subject in UTF-8."""
    text = next((header.body.strip() for header in ctx.message.headers if header.name == "subject"), "")
    try:
        return decode(text, "utf-8")
    except UnknownCharsetError:
        return text


def _quoted_printable(text: str) -> str:
    """RFC 2045, 6.7. Text is characters of one byte each."""
    lines = []
    for line in text.split("\n"):
        made = ""
        for position, char in enumerate(line):
            plain = "!" <= char <= "~" and char != "="
            if plain or (char in " \t" and position < len(line) - 1):
                unit = char
            else:
                unit = f"={ord(char):02X}"
            if len(made) >= _WIDTH:
                lines.append(f"{made}=")
                made = ""
            made += unit
        lines.append(made)
    return "\n".join(lines)


def wants_reply(ctx: Context, aliases: Iterable[str]) -> bool:
    """The message is for the user himself and from somebody who may get an automatic answer (RFC 5230 4.5, 4.6)."""
    sender = ctx.message.sender_address
    if is_automatic(ctx) or _ROBOTS.match(sender):
        return False
    own = own_addresses(ctx) | {alias.lower() for alias in aliases}
    if sender.lower() in own:
        return False
    fields = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")
    return any(address.lower() in own for name in fields for address in header_addresses(ctx, name))


@dataclass(frozen=True, slots=True)
class Mailto:
    """A mailto URI (RFC 6068) taken apart."""

    recipients: tuple[str, ...]
    subject: str = ""
    body: str = ""
    headers: tuple[str, ...] = ()


def parse_mailto(uri: str) -> Mailto | None:
    """None when `uri` is no usable mailto URI."""
    scheme, colon, rest = uri.partition(":")
    if not colon or scheme.lower() != "mailto":
        return None
    path, _, query = rest.partition("?")
    recipients = [unquote(part, "latin-1") for part in path.split(",") if part]
    subject = body = ""
    headers: list[str] = []
    for pair in query.split("&") if query else ():
        name, equals, value = pair.partition("=")
        if not equals:
            return None
        name, value = unquote(name, "latin-1").lower(), unquote(value, "latin-1")
        if name == "to":
            recipients += [part.strip() for part in value.split(",") if part.strip()]
        elif name == "subject":
            subject = value.replace("\n", " ").replace("\r", " ")
        elif name == "body":
            body = value
        elif name not in _FIXED and "\n" not in value and "\r" not in value:
            headers.append(f"{name.title()}: {value}")
    for recipient in recipients:
        try:
            if not parse_address(recipient).domain:
                return None
        except AddressSyntaxError:
            return None
    return Mailto(tuple(recipients), subject, body, tuple(headers)) if recipients else None


def notification(ctx: Context, target: Mailto, message: str, importance: str, from_: str) -> Reply:
    """The message that `notify` sends."""
    original = next((header.body.strip() for header in ctx.message.headers if header.name == "subject"), "")
    headers = [*target.headers, _UTF8]
    if importance:
        headers.append(f"X-Priority: {({'1': 1, '3': 5}).get(importance, 3)}")
    body = target.body or message
    return Reply(
        from_=from_,
        to=", ".join(target.recipients),
        subject=(message or target.subject or original).replace("\n", " ").strip(),
        headers="\n".join(headers),
        text=body if body.endswith("\n") else body + "\n",
    )
