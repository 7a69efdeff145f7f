"""`json`: an element of a JSON file, selected by a list of names and indices (manual 9.3)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from eximia.base.listtext import split_list
from eximia.base.text import Untainted, from_bytes, to_bytes

from .kept import kept_file
from .types import LookupDefer, Options, SingleKey

if TYPE_CHECKING:
    from eximia.context import Context


class _Document:
    """A parsed file, or why it is none."""

    __slots__ = ("error", "root")

    def __init__(self, path: str) -> None:
        self.root: Any = None
        self.error = ""
        with open(to_bytes(path), "rb") as file:
            data = file.read()
        try:
            self.root = json.loads(data)
        except (ValueError, RecursionError) as error:
            self.error = f"{path}: {error}"


def _spelled(element: Any) -> str:
    """An element as text: strings bare, everything else as JSON, in UTF-8."""
    if isinstance(element, str):
        text = element
    else:
        text = json.dumps(element, ensure_ascii=False)
    return from_bytes(text.encode("utf-8", "surrogatepass"))


class Json(SingleKey):
    """Selectors are applied in turn: a number selects from an array, anything else from an object."""

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        document = kept_file(ctx, "json", path, "for json search", _Document)
        if document.error:
            raise LookupDefer(document.error)
        element = document.root
        for selector in split_list(key):
            if selector.isascii() and selector.isdigit():
                if not isinstance(element, list) or int(selector) >= len(element):
                    return None
                element = element[int(selector)]
            else:
                name = to_bytes(selector).decode("utf-8", "replace")
                if not isinstance(element, dict) or name not in element:
                    return None
                element = element[name]
        return Untainted(_spelled(element))


JSON = Json()
