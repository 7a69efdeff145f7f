"""Types whose systems are gone: named in messages instead of "unknown"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError

from .types import Options, QueryStyle, SingleKey

if TYPE_CHECKING:
    from eximia.context import Context


def _refusal(name: str) -> ExpansionError:
    return ExpansionError(f'lookup type "{name}" is not available in this program')


class RefusedFile(SingleKey):
    """A single-key type that is not built."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        raise _refusal(self._name)


class RefusedQuery(QueryStyle):
    """A query-style type that is not built; its quoting is given, so that configurations can be read."""

    def __init__(self, name: str, doubled: str = "") -> None:
        self._name = name
        self._doubled = doubled

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""
        raise _refusal(self._name)

    def quote(self, text: str, option: str | None) -> str | None:
        """See `LookupType.quote`."""
        if option is not None:
            return None
        return text.replace(self._doubled, self._doubled * 2) if self._doubled else text


NIS = RefusedFile("nis")
NISPLUS = RefusedQuery("nisplus", '"')
IBASE = RefusedQuery("ibase", "'")
ORACLE = RefusedQuery("oracle", "'")
WHOSON = RefusedQuery("whoson")
