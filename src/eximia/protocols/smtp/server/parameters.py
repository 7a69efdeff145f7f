"""ESMTP parameters of MAIL and RCPT: SIZE, BODY, AUTH, SMTPUTF8, PRDR, RET, ENVID, NOTIFY, ORCPT.

The parameters are taken off the end of the argument, one word after the other, for as long as they are known and
allowed; what is left is the address. So a word that is not known stays with the address, whose parser then complains
of it (RFC 1870, 6152, 4954, 6531, 3461; manual 49.3).
"""

from __future__ import annotations

from collections.abc import Container

from eximia.base.dataclass import dataclass
from eximia.base.pattern import pattern
from eximia.message.dsn import NOTIFY_NAMES, NOTIFY_NEVER, RET_FULL, RET_HDRS

#: a SIZE above this is shown as "at least this"
SIZE_MAX = 2147483647

_XTEXT = pattern(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*\Z")
_LAST_WORD = pattern(r"[ \t]+([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^ \t=]*))?[ \t]*\Z")
_DIGITS = pattern(r"[0-9]{1,18}")
_HEX = pattern(r"\+([0-9A-Fa-f]{2})")


class BadParameter(ValueError):
    """A known parameter with a bad value: a syntax error. `message` is the text of the 501 reply and of the log."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(slots=True)
class MailParameters:
    """What MAIL said besides the address."""

    address: str
    #: -1: not given
    size: int = -1
    #: 0 not given, 7 7BIT, 8 8BITMIME
    body: int = 0
    #: the AUTH parameter, xtext undone; None: not given
    auth: str | None = None
    smtputf8: bool = False
    requiretls: bool = False
    prdr: bool = False
    ret: int = 0
    envid: str = ""


@dataclass(slots=True)
class RcptParameters:
    """What RCPT said besides the address."""

    address: str
    #: bits of `message.dsn`; 0: not given
    notify: int = 0
    orcpt: str = ""


def valid_xtext(text: str) -> bool:
    """True for `xtext` of RFC 3461."""
    return _XTEXT.match(text) is not None


def decode_xtext(text: str) -> str:
    """Undo xtext."""
    return _HEX.sub(lambda match: chr(int(match.group(1), 16)), text)


def encode_xtext(text: str) -> str:
    """Text as xtext: everything outside `!`..`~`, and `+` and `=`, as +XX."""
    return "".join(char if "!" <= char <= "~" and char not in "+=" else f"+{ord(char):02X}" for char in text)


def read_mail(argument: str, allowed: Container[str], unchecked: Container[str] = ()) -> MailParameters:
    """Take MAIL's parameters off. `allowed`: the names that are known; `unchecked`: those among them that were not
    offered, whose bad values do not matter. Raises BadParameter."""
    found = MailParameters(argument)
    if argument.endswith(">") and not argument.endswith("=<>"):
        return found
    while True:
        match = _LAST_WORD.search(found.address)
        if match is None:
            return found
        name = match.group(1).upper()
        value = match.group(2)
        if name not in allowed:
            return found
        try:
            if not _mail_parameter(found, name, value):
                return found
        except BadParameter:
            # A name with nothing behind its equals sign says nothing, as in Exim.
            if name not in unchecked and value != "":
                raise
        found.address = found.address[: match.start()]


def _mail_parameter(found: MailParameters, name: str, value: str | None) -> bool:
    """Store one parameter; False when it is not to be taken as one."""
    if name == "SIZE":
        found.size = _size(value or "")
    elif name == "BODY":
        kind = (value or "").upper()
        if kind == "8BITMIME":
            found.body = 8
        elif kind == "7BIT":
            found.body = 7
        else:
            raise BadParameter("invalid data for BODY")
    elif name == "AUTH":
        text = value or ""
        if text == "<>":
            found.auth = ""
        elif valid_xtext(text):
            found.auth = decode_xtext(text)
        else:
            raise BadParameter("invalid data for AUTH")
    elif name == "SMTPUTF8":
        if value is not None:
            return False
        found.smtputf8 = True
    elif name == "PRDR":
        found.prdr = True
    elif name == "REQUIRETLS":
        if value:
            return False
        found.requiretls = True
    elif name == "RET":
        kind = (value or "").upper()
        if found.ret:
            raise BadParameter("RET can be specified once only")
        if kind == "HDRS":
            found.ret = RET_HDRS
        elif kind == "FULL":
            found.ret = RET_FULL
        else:
            raise BadParameter("Value for RET is invalid")
    elif name == "ENVID":
        if found.envid:
            raise BadParameter("ENVID can be specified once only")
        if not valid_xtext(value or ""):
            raise BadParameter("invalid data for ENVID")
        found.envid = value or ""
    else:
        return False
    return True


def _size(value: str) -> int:
    """The number that `value` begins with; one below zero counts as too big for anything."""
    digits = value.lstrip("-")
    number = _DIGITS.match(digits)
    if value.startswith("-"):
        return SIZE_MAX
    return min(int(number.group()), SIZE_MAX) if number is not None else 0


def read_rcpt(argument: str, *, dsn: bool) -> RcptParameters:
    """Take RCPT's parameters off; they exist only where DSN was offered. Raises BadParameter."""
    found = RcptParameters(argument)
    if not dsn or argument.endswith(">"):
        return found
    while True:
        match = _LAST_WORD.search(found.address)
        if match is None:
            return found
        name = match.group(1).upper()
        value = match.group(2) or ""
        if name == "NOTIFY":
            if found.notify:
                raise BadParameter("NOTIFY can be specified once only")
            found.notify = 0 if match.group(2) == "" else _notify(value)
        elif name == "ORCPT":
            if found.orcpt:
                raise BadParameter("ORCPT can be specified once only")
            if not valid_xtext(value.partition(";")[2] if ";" in value else value):
                raise BadParameter("invalid data for ORCPT")
            found.orcpt = value
        else:
            return found
        found.address = found.address[: match.start()]


def stray_word(text: str) -> tuple[str, str] | None:
    """What of a recipient as an ESMTP client gave it must be a parameter, the last word, but is none: (before, word).

    A comment or white space that would be good in a header, `<a@b> (comment)`, is such a word; in quotes nothing is.
    """
    at = max(text.rfind(" "), text.rfind("\t")) + 1
    if not at or "=" in text[at:]:
        return None
    return text[:at], text[at:]


def _notify(value: str) -> int:
    words = value.upper().removesuffix(",").split(",")
    if words == ["NEVER"]:
        return NOTIFY_NEVER
    bits = 0
    for word in words:
        bit = NOTIFY_NAMES.get(word)
        if bit is None or bit == NOTIFY_NEVER:
            raise BadParameter("Invalid value for NOTIFY parameter")
        bits |= bit
    return bits
