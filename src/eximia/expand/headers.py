"""`$h_name:` and its kin `$rh_`, `$bh_`, `$lh_` (manual chapter 11.5, "$header_...").

Only the headers common to all copies of the message are seen. Values are tainted, unless a header is of our own
making.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import EMPTY

from .charset import headers_charset, limits_word_length
from .mimewords import UnknownCharsetError, decode
from .nodes import Node, Run

if TYPE_CHECKING:
    from eximia.context import Context

#: headers that hold addresses: several are joined with a comma
ADDRESS_LETTERS = frozenset("BCFRST")
#: the letter of a header that was deleted or replaced
DELETED = "*"
#: bytes of one reference, several headers taken together
MAX_SIZE = 64 * 1024
_SPACE = " \t\n\r\v\f"


def bodies(ctx: Context, name: str) -> tuple[list[str], str]:
    """What stands behind the colon in each live header `name` (lower case), and the type letter of the last."""
    found: list[str] = []
    letter = ""
    for header in ctx.message.headers:
        if header.name == name and header.type != DELETED:
            found.append(header.text.partition(":")[2])
            letter = header.type
    return found, letter


def raw(ctx: Context, name: str) -> str:
    """`$rh_`: unprocessed."""
    found, _ = bodies(ctx, name)
    return "".join(found)[:MAX_SIZE] if found else EMPTY


def listed(ctx: Context, name: str) -> str:
    """`$lh_`: a list with one item for each header."""
    found, _ = bodies(ctx, name)
    if not found:
        return EMPTY
    return ":".join(body.removesuffix("\n").replace(":", "::") for body in found)[:MAX_SIZE]


def joined(ctx: Context, name: str) -> str:
    """Stripped, empty ones dropped, joined by newlines, in address headers with commas."""
    found, letter = bodies(ctx, name)
    if not found:
        return EMPTY
    texts = [text for body in found if (text := body.strip(_SPACE))]
    if len(texts) == 1:
        return texts[0][:MAX_SIZE]
    return (",\n" if letter in ADDRESS_LETTERS else "\n").join(texts)[:MAX_SIZE]


def basic(ctx: Context, name: str) -> str:
    """`$bh_`: encoded words decoded."""
    return decode(joined(ctx, name), check_length=limits_word_length(ctx))


def translated(ctx: Context, name: str) -> str:
    """`$h_`: decoded and translated to `headers_charset`; when that cannot be done, as `$bh_`."""
    text = joined(ctx, name)
    if "=?" not in text:
        return text
    strict = limits_word_length(ctx)
    try:
        return decode(text, headers_charset(ctx), check_length=strict)
    except UnknownCharsetError:
        return decode(text, check_length=strict)


_FORMS = {"": translated, "b": basic, "r": raw, "l": listed}


class HeaderReference(Node):
    """A use of a header. `form`: "", "r", "b" or "l"."""

    __slots__ = ("form", "name")

    def __init__(self, name: str, form: str) -> None:
        self.name = name
        self.form = form

    def compile(self) -> Run:
        function = _FORMS[self.form]
        name = self.name.lower()

        def run(ctx: Context) -> str:
            return function(ctx, name)

        return run


def exists(ctx: Context, name: str) -> bool:
    """`def:h_name:`."""
    return any(header.name == name and header.type != DELETED for header in ctx.message.headers)
