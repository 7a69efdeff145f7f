"""RFC 2047 encoded words: decoding as `$h_...` and `rfc2047d` do it, encoding as `rfc2047` does.

Text in, text out (bytes as latin-1). Character set translation is separate from decoding, because `$bh_...` decodes
without it.
"""

from __future__ import annotations

import binascii
import codecs
import re

from eximia.base.pattern import pattern
from eximia.base.text import to_bytes

#: RFC 2047: an encoded word may be no longer than this
MAX_WORD = 75
_WORD = pattern(r"=\?([^?\x00-\x20\x7f-\xff]*)\?([QqBb])\?([^?\x00-\x20\x7f-\xff]*)\?=")
#: an encoded word ends when it is longer
_BREAK = 67
_SPACE = " \t\n\r\v\f"
_SPECIALS = frozenset('?=()<>@,;:\\".[]_')


class UnknownCharsetError(ValueError):
    """Text cannot be translated; `message` is Exim's."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def _unquote(text: str) -> bytes | None:
    """The bytes of Q encoding; None when it is malformed."""
    out = bytearray()
    pos = 0
    while pos < len(text):
        char = text[pos]
        if char == "_":
            out.append(32)
        elif char == "=":
            digits = text[pos + 1 : pos + 3]
            if re.fullmatch(r"[0-9A-Fa-f]{2}", digits) is None:
                return None
            out.append(int(digits, 16))
            pos += 2
        else:
            out.append(ord(char))
        pos += 1
    return bytes(out)


def _unbase64(text: str) -> bytes | None:
    if len(text) % 4 or re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text) is None:
        return None
    try:
        return binascii.a2b_base64(text)
    except binascii.Error:
        return None


def _python_codec(charset: str) -> codecs.CodecInfo | None:
    try:
        found = codecs.lookup(charset)
    except (LookupError, ValueError, UnicodeError):
        return None
    return found if getattr(found, "_is_text_encoding", True) else None


def translate(data: bytes, source: str, target: str) -> bytes:
    """`data` from one character set to another. Raises UnknownCharsetError when one of them is not known, or
    UnicodeError when the text does not fit."""
    if source.lower() == target.lower():
        return data
    decoder, encoder = _python_codec(source), _python_codec(target)
    if decoder is None or encoder is None:
        raise UnknownCharsetError(
            f'iconv_open("{target}", "{source}") failed: Invalid argument (maybe unsupported conversion)',
        )
    return data.decode(decoder.name).encode(encoder.name)


def decode(text: str, target: str = "", *, check_length: bool = True, zero: str = "?") -> str:
    """`text` with its encoded words decoded, and translated to the character set `target` when that is given.

    White space between two encoded words goes. A word that cannot be decoded stays as it is. Raises
    UnknownCharsetError when translation is wanted and impossible.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    pos = 0
    after_word = False
    for match in _WORD.finditer(text):
        if match.start() < pos or (check_length and len(match[0]) > MAX_WORD):
            continue
        charset, form, body = match.groups()
        charset = charset.partition("*")[0]
        data = _unquote(body) if form in "Qq" else _unbase64(body)
        if data is None:
            continue
        between = text[pos : match.start()]
        if not (after_word and not between.strip(_SPACE)):
            out.append(between)
        if target:
            try:
                data = translate(data, charset, target)
            except UnicodeError:
                pass
        out.append(data.decode("latin-1").replace("\0", zero))
        pos = match.end()
        after_word = True
    out.append(text[pos:])
    return "".join(out)


def encode(text: str, charset: str) -> str:
    """`text` as encoded words in Q encoding, when it needs it."""
    if all("!" <= char <= "~" and char not in _SPECIALS for char in text.replace(" ", "a")):
        return text
    head = f"=?{charset}?Q?"
    words: list[str] = []
    current = ""
    # The length of the word so far; the head of the first one is not counted. A word may end before any character
    # but the one behind an escape, so that the two bytes of a UTF-8 letter stay together.
    size = 0
    paired = False
    for code in to_bytes(text):
        char = chr(code)
        if char == " ":
            piece = "_"
        elif "!" <= char <= "~" and char not in _SPECIALS:
            piece = char
        else:
            piece = f"={code:02X}"
        if size > _BREAK and not paired:
            words.append(f"{head}{current}?=")
            current = ""
            size = len(head)
        paired = len(piece) == 3 and not paired
        current += piece
        size += len(piece)
    words.append(f"{head}{current}?=")
    return " ".join(words)
