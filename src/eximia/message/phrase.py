"""Names in front of addresses: made to conform to RFC 5322, encoded as RFC 2047 where they must be (manual 48.18)."""

from __future__ import annotations

from eximia.base.pattern import pattern

_ATEXT = pattern(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+\Z")
#: words, quoted strings and comments, as they may stand in a phrase
_PIECE = pattern(r'[ \t]+|"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)|[^ \t"()]+|["()]')
_ENCODED_SAFE = pattern(r"[A-Za-z0-9!*+/-]")


def phrase(name: str, charset: str = "UTF-8", *, topbit_prints: bool = False) -> str:
    """`name` as it may stand before `<address>`: words that need it are quoted, unprintable text is encoded.

    A name that is a valid phrase already, with its own quotes and comments, stays as it is.
    """
    if not all(" " <= char <= "~" or char == "\t" or (topbit_prints and char > "\x7f") for char in name):
        return encode_word(name, charset)
    if all(_proper(piece) for piece in _PIECE.findall(name)):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _proper(piece: str) -> bool:
    if piece[0] in " \t" or (piece[0] in '"(' and len(piece) > 1):
        return True
    return all(char > "\x7f" for char in piece) or _ATEXT.match(piece) is not None


def encode_word(text: str, charset: str) -> str:
    """RFC 2047 Q encoding, cut into words of at most 75 characters (`${rfc2047:...}`)."""
    start = f"=?{charset}?Q?"
    room = 75 - len(start) - 2
    words: list[str] = []
    word = ""
    for char in text:
        code = "_" if char == " " else char if _ENCODED_SAFE.match(char) else f"={ord(char):02X}"
        if len(word) + len(code) > room:
            words.append(word)
            word = ""
        word += code
    words.append(word)
    return " ".join(f"{start}{word}?=" for word in words)
