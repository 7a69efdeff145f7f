"""`${readfile{name}{eol}}`: a file's contents."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.refusal import why
from eximia.base.text import Untainted, to_bytes
from eximia.context.user_files import content
from eximia.expand.items.function import FunctionItem
from eximia.expand.sinks import refuse_tainted

if TYPE_CHECKING:
    from eximia.context import Context


def read(ctx: Context, name: str) -> str:
    """The contents of file `name`. Raises ExpansionError with Exim's words."""
    refuse_tainted(ctx, name, "filename")
    try:
        return content(ctx, to_bytes(name)).decode("latin-1")
    except IsADirectoryError:
        return ""
    except OSError as error:
        raise ExpansionError(f"failed to open {name}: {why(error)}") from error
    except ValueError:  # a NUL in the name
        raise ExpansionError(f"failed to open {name}: {os.strerror(errno.ENOENT)}") from None


def with_line_ends(text: str, values: list[str], place: int) -> str:
    """Newlines replaced by the string at `place`, when it was given."""
    return text.replace("\n", values[place]) if len(values) > place else text


def _readfile(ctx: Context, name: str, values: list[str]) -> str:
    return Untainted(with_line_ends(read(ctx, values[0]), values, 1))


READFILE = FunctionItem(1, 2, _readfile, pure=False)
