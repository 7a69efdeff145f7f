"""What a lookup type is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from eximia.base.errors import ExpansionError, LookupDefer
from eximia.base.refusal import why

if TYPE_CHECKING:
    from eximia.context import Context, Message

#: the note of a message with the results of its queries
RESULTS = "lookup results"

Options = tuple[tuple[str, str], ...]


class OpenFailure(ExpansionError):
    """The file of a lookup cannot be opened."""

    def __init__(self, path: str, purpose: str, error: OSError) -> None:
        super().__init__(f"failed to open {path} {purpose}: {why(error) if error.errno else error}")


class LookupType:
    """What both styles have. `option` finds the last setting of a name among the options."""

    #: whether what is found came from trusted places; the result is Untainted then
    trusted: ClassVar[bool] = True

    def quote(self, text: str, option: str | None) -> str | None:
        """`${quote_<type>:text}`; None when `option` (the part after a second underscore) is unknown."""
        return text if option is None else None


class SingleKey(LookupType):
    """A type that looks up a key in a file. Instances hold no state but what belongs to the process."""

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """The data for `key`, None when it is not there. Raises OpenFailure, LookupDefer, ExpansionError."""
        raise NotImplementedError


class QueryStyle(LookupType):
    """A type whose query says it all."""

    #: results are kept with the message (a second equal query does not reach the server)
    cached: ClassVar[bool] = True
    #: tainted text in the query must have been quoted with `${quote_<name>:`; the names that count
    quoters: ClassVar[frozenset[str]] = frozenset()
    #: what becomes of a query whose tainted text was not: refused, or only told in the logs
    refuses: ClassVar[bool] = True

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """The result, None when there is none. Raises LookupDefer, ExpansionError."""
        raise NotImplementedError

    def changes(self, query: str, found: str | None) -> bool:
        """Whether the query may have changed data: it is sent again when it comes again, and results kept of this type
        are forgotten."""
        return False


def forget_results(message: Message) -> None:
    """Queries are asked anew from here on (manual 9.8: "flushed at strategic points")."""
    message.notes.pop(RESULTS, None)


def option(options: Options, name: str) -> str | None:
    """The last value given for option `name`."""
    value = None
    for key, text in options:
        if key == name:
            value = text
    return value


__all__ = ["LookupDefer", "LookupType", "OpenFailure", "Options", "QueryStyle", "SingleKey", "option"]
