"""`utf8_domain_to_alabel` and its kin: internationalised names to and from their ASCII form (chapter 60)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import to_bytes
from eximia.expand.escapes import printing
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context


def domain_to_alabel(text: str) -> str:
    """A domain (UTF-8 bytes as text) in its A-label form. Raises ExpansionError."""
    if text.isascii():
        return text
    try:
        name = to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ExpansionError(f"error converting utf8 ({printing(text)}) to alabel: string encoding error") from error
    try:
        return ".".join(_label_to_ascii(label) for label in name.split("."))
    except UnicodeError as error:
        raise ExpansionError(
            f"error converting utf8 ({printing(text)}) to alabel: string contains a disallowed character",
        ) from error


def _label_to_ascii(label: str) -> str:
    import encodings.idna

    return encodings.idna.ToASCII(label).decode("ascii") if label else label


def domain_from_alabel(text: str) -> str:
    """A domain in A-label form as UTF-8 bytes."""
    if not text.isascii():
        raise ExpansionError(f"error converting alabel ({printing(text)}) to utf8: Invalid input")
    labels: list[str] = []
    for label in text.split("."):
        if label[:4].lower() == "xn--":
            try:
                labels.append(label[4:].encode("ascii").decode("punycode"))
                continue
            except UnicodeError:
                pass
        labels.append(label)
    return ".".join(labels).encode("utf-8", "surrogatepass").decode("latin-1")


def localpart_to_alabel(text: str) -> str:
    """A local part in the form `xn--...`; ASCII ones are unchanged."""
    if text.isascii():
        return text
    try:
        name = to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ExpansionError(f"error converting utf8 ({printing(text)}) to alabel: invalid utf-8 string") from error
    return "xn--" + name.encode("punycode").decode("ascii")


def localpart_from_alabel(text: str) -> str:
    """A local part of the form `xn--...` as UTF-8 bytes."""
    if text[:4].lower() != "xn--":
        raise ExpansionError(f"error converting alabel ({printing(text)}) to utf8: bad alabel prefix")
    try:
        name = text[4:].encode("ascii").decode("punycode")
    except UnicodeError as error:
        raise ExpansionError(f"error converting alabel ({printing(text)}) to utf8: Invalid input") from error
    return name.encode("utf-8", "surrogatepass").decode("latin-1")


def _domain_to(ctx: Context, subject: str, argument: str | None) -> str:
    return domain_to_alabel(subject)


def _domain_from(ctx: Context, subject: str, argument: str | None) -> str:
    return domain_from_alabel(subject)


def _localpart_to(ctx: Context, subject: str, argument: str | None) -> str:
    return localpart_to_alabel(subject)


def _localpart_from(ctx: Context, subject: str, argument: str | None) -> str:
    return localpart_from_alabel(subject)


DOMAIN_TO = Operator(_domain_to)
DOMAIN_FROM = Operator(_domain_from)
LOCALPART_TO = Operator(_localpart_to)
LOCALPART_FROM = Operator(_localpart_from)
