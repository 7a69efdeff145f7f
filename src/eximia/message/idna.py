"""Internationalised domain names: U-labels to A-labels and back (IDNA 2008: RFC 5890 to 5893), and local parts in the
same style (manual chapter 60).

Text is bytes as latin-1, here holding UTF-8. Capitals and compatibility forms are mapped as people expect (RFC 5895);
what the RFCs allow in a label is worked out from Unicode's properties as RFC 5892 section 2 and 3 say.
"""

from __future__ import annotations

import unicodedata

_PREFIX = "xn--"
_MOST = 63
#: full stops that people type (RFC 3490 section 3.1)
_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})

# RFC 5892 section 2.6
_ALLOWED = frozenset("\u00df\u03c2\u06fd\u06fe\u0f0b\u3007")
_IN_CONTEXT = frozenset("\u00b7\u0375\u05f3\u05f4\u30fb\u200c\u200d")
_REFUSED = frozenset("\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b")
_LETTERS_AND_DIGITS = frozenset(("Ll", "Lu", "Lo", "Nd", "Lm", "Mn", "Mc"))
_IGNORABLE = frozenset(("Cf", "Cc", "Zs", "Zl", "Zp"))
_OLD_HANGUL = (range(0x1100, 0x1200), range(0xA960, 0xA980), range(0xD7B0, 0xD800))
# RFC 5893
_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))
_IN_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"))
_IN_LEFT_TO_RIGHT = frozenset(("L", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"))
_ENDS_RIGHT_TO_LEFT = frozenset(("R", "AL", "EN", "AN"))
_ENDS_LEFT_TO_RIGHT = frozenset(("L", "EN"))


class IdnaError(ValueError):
    """A name cannot be converted; the message is the IDN library's."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def domain_to_alabel(text: str) -> str:
    """A domain in its A-label form. Raises IdnaError."""
    if text.isascii():
        return text
    try:
        name = text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as error:
        raise IdnaError("string encoding error") from error
    labels = unicodedata.normalize("NFKC", name.translate(_DOTS).lower()).split(".")
    bidirectional = any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in name)
    return ".".join(_to_alabel(label, bidirectional) for label in labels)


def _to_alabel(label: str, bidirectional: bool) -> str:
    if label.isascii():
        return label
    _check(label)
    if bidirectional:
        _check_direction(label)
    made = _PREFIX + label.encode("punycode").decode("ascii")
    if len(made) > _MOST:
        raise IdnaError("punycode encoded data will be too large")
    return made


def _check(label: str) -> None:
    """RFC 5891 section 4.2.3."""
    if label[0] == "-" or label[-1] == "-":
        raise IdnaError("string start/ends with forbidden hyphen")
    if label[2:4] == "--":
        raise IdnaError("string has forbidden two hyphens pattern")
    if unicodedata.category(label[0]) in ("Mn", "Mc", "Me"):
        raise IdnaError("string starts with forbidden combining character")
    for place, char in enumerate(label):
        if char in _IN_CONTEXT:
            if not _fits(label, place):
                raise IdnaError("string contains a forbidden context-o character")
        elif not _allowed(char):
            raise IdnaError("string contains a disallowed character")


def _allowed(char: str) -> bool:
    """PVALID of RFC 5892 section 3."""
    if char in _ALLOWED:
        return True
    if char in _REFUSED:
        return False
    if char.isascii():
        return char.isdigit() or "a" <= char <= "z" or char == "-"
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())
    if folded != char:
        return False
    category = unicodedata.category(char)
    if category in _IGNORABLE or any(ord(char) in block for block in _OLD_HANGUL):
        return False
    return category in _LETTERS_AND_DIGITS


def _fits(label: str, place: int) -> bool:
    """The contextual rules of RFC 5892 appendix A."""
    before = label[place - 1] if place else ""
    after = label[place + 1 : place + 2]
    match label[place]:
        case "\u00b7":
            return before == "l" and after == "l"
        case "\u0375":
            return "GREEK" in unicodedata.name(after, "") if after else False
        case "\u05f3" | "\u05f4":
            return "HEBREW" in unicodedata.name(before, "") if before else False
        case "\u30fb":
            names = [unicodedata.name(char, "") for char in label]
            return any(name.startswith(("HIRAGANA", "KATAKANA LETTER", "CJK")) for name in names)
        case _:
            return bool(before) and unicodedata.combining(before) == 9


def _check_direction(label: str) -> None:
    """The Bidi rule, RFC 5893 section 2."""
    kinds = [unicodedata.bidirectional(char) for char in label]
    ending = next((kind for kind in reversed(kinds) if kind != "NSM"), "")
    if kinds[0] in ("R", "AL"):
        good = _IN_RIGHT_TO_LEFT.issuperset(kinds) and ending in _ENDS_RIGHT_TO_LEFT
        good = good and not ("EN" in kinds and "AN" in kinds)
    else:
        good = kinds[0] == "L" and _IN_LEFT_TO_RIGHT.issuperset(kinds) and ending in _ENDS_LEFT_TO_RIGHT
    if not good:
        raise IdnaError("string has forbidden bi-directional properties")


def domain_from_alabel(text: str) -> str:
    """A domain with its A-labels decoded, as UTF-8, without white space around it and a dot behind it.

    Raises IdnaError.
    """
    text = text.strip(" \t\n\r\v\f").removesuffix(".")
    return ".".join(_decoded(label) if label.startswith(_PREFIX) else label for label in text.split("."))


def _decoded(label: str) -> str:
    try:
        return label[len(_PREFIX) :].encode("ascii").decode("punycode").encode("utf-8").decode("latin-1")
    except (UnicodeError, ValueError) as error:
        raise IdnaError("Invalid input") from error


def localpart_to_alabel(text: str) -> str:
    """A local part in the style of an A-label; ASCII ones are unchanged. Raises IdnaError."""
    if text.isascii():
        return text
    try:
        name = text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as error:
        raise IdnaError("l_u2a: bad UTF-8 input") from error
    return _PREFIX + name.encode("punycode").decode("ascii")


def localpart_from_alabel(text: str) -> str:
    """What `localpart_to_alabel` was given. Raises IdnaError."""
    if not text.startswith(_PREFIX):
        raise IdnaError("bad alabel prefix")
    return _decoded(text)
