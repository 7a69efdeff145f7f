"""`${imapfolder{name}{separator}{specials}}`: a folder name as Maildir names it (RFC 2060 modified UTF-7; 60.2)."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import to_bytes
from eximia.expand.charset import headers_charset
from eximia.expand.items.function import FunctionItem

if TYPE_CHECKING:
    from eximia.context import Context


def encode(text: str, separator: str, specials: str) -> str:
    """`text` (Unicode) with `separator` written as a dot (not at the end), and what is in `specials` or not
    printable ASCII in modified base 64. Raises ExpansionError for other dots and slashes."""
    out: list[str] = []
    pending: list[str] = []

    def flush() -> None:
        if pending:
            data = "".join(pending).encode("utf-16-be", "surrogatepass")
            packed = binascii.b2a_base64(data, newline=False).decode("ascii").rstrip("=").replace("/", ",")
            out.append(f"&{packed}-")
            pending.clear()

    for place, char in enumerate(text):
        if char == separator:
            flush()
            # Empty levels are dropped, and so is the first of the separators at the start.
            if place and out[-1:] != ["."]:
                out.append(".")
        elif char in "./" and char not in specials:
            # It would look like a separator.
            raise ExpansionError(f"imapfolder: illegal character '{char}'")
        elif char == "&":
            flush()
            out.append("&-")
        elif " " <= char <= "~" and char not in specials:
            flush()
            out.append(char)
        else:
            pending.append(char)
    flush()
    if out and out[-1] == ".":
        out.pop()
    return "".join(out)


def _imapfolder(ctx: Context, name: str, values: list[str]) -> str:
    separator = values[1] if len(values) > 1 else "/"
    specials = values[2] if len(values) > 2 else ""
    if len(separator) != 1:
        raise ExpansionError(f'IMAP folder separator must be one character, found "{separator}"')
    charset = headers_charset(ctx)
    try:
        text = to_bytes(values[0]).decode(charset)
    except (UnicodeDecodeError, LookupError) as error:
        raise ExpansionError(
            f"imapfolder: iconv() failed to convert from {charset}: Invalid or incomplete multibyte or wide character",
        ) from error
    return encode(text, separator, specials)


IMAPFOLDER = FunctionItem(1, 3, _imapfolder, pure=False)
