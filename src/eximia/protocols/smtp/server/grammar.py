"""The commands of SMTP and its extensions: how a line is told to be one of them (RFC 5321 section 4.1, manual 49.4).

Not the meaning of the arguments.
"""

from __future__ import annotations

from eximia.base.namedtuple import NamedTuple

#: command -> the name under which it is counted and logged (`C=EHLO,QUIT`)
_VERBS = (
    "HELO",
    "EHLO",
    "DATA",
    "BDAT",
    "RSET",
    "NOOP",
    "QUIT",
    "AUTH",
    "STARTTLS",
    "VRFY",
    "EXPN",
    "HELP",
    "ETRN",
    "ATRN",
    "XCLIENT",
    "WELLKNOWN",
)
_BY_WORD = {verb.encode("ascii"): verb for verb in _VERBS}


class Verb(NamedTuple):
    """A recognised command: `name` is empty when it is none. `argument` is what follows, blanks stripped."""

    name: str
    argument: str


def recognise(line: bytes) -> Verb:
    """Tell which command `line` (without its line end and trailing white space) is.

    MAIL and RCPT must be written with `FROM:` and `TO:` directly after one space; every other verb must be followed by
    a space or the end of the line.
    """
    start = line[:10].upper()
    if start == b"MAIL FROM:":
        return Verb("MAIL", line[10:].lstrip().decode("latin-1"))
    if start[:8] == b"RCPT TO:":
        return Verb("RCPT", line[8:].lstrip().decode("latin-1"))
    word, _, rest = line.partition(b" ")
    verb = _BY_WORD.get(word.upper(), "")
    return Verb(verb, rest.lstrip().decode("latin-1") if verb else "")
