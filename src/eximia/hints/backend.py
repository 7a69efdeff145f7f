"""What a place that keeps hints must be able to do. One implementation a file, named in `catalogue.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from eximia.base.namedtuple import NamedTuple

if TYPE_CHECKING:
    from eximia.base.ports import Stream


#: what `Backend.update` takes for a value to remove; no record is empty
REMOVED: Final = b""


class Entry(NamedTuple):
    """A stored value and when it was written (seconds since 1970)."""

    value: bytes
    time: float


class Backend(Protocol):
    """Databases by name, each a mapping of text keys to byte values.

    No method waits for a disk, and none raises for trouble of the store: a hint that cannot be read is absent, one
    that cannot be written is dropped, and the panic log is told. Keys are latin-1 text like all our text.
    """

    def get(self, name: str, key: str) -> Entry | None:
        """The record of `key` in database `name`, or None."""

    def put(self, name: str, key: str, value: bytes, time: float) -> None:
        """Write a record."""

    def delete(self, name: str, key: str) -> bool:
        """Remove a record; whether it was there."""

    def update(self, name: str, key: str, time: float, change: Callable[[Entry | None], bytes | None]) -> None:
        """Read, change and write as one step that no other process interrupts.

        `change` gets the record and returns its new value, `REMOVED` to remove it, or None to leave things as they are.
        It must neither wait nor touch hints, and may be called again when another process was faster.
        """

    def settle(self, name: str, key: str, time: float, change: Callable[[Entry | None], bytes | None]) -> None:
        """An `update` of database `misc` that takes back an earlier one: made where that one was, if need be later."""

    def scan(self, name: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        """All records whose key starts with `prefix`, in key order, as they were when the scan began."""

    def names(self) -> list[str]:
        """The databases that exist, sorted."""

    def close(self) -> None:
        """Release what is open; the next call opens it again."""


class Server(NamedTuple):
    """Where a hints server is: `path` of a Unix socket, or host and port."""

    host: str = ""
    port: int = 0
    path: str = ""
    tls: bool = False


class Place(NamedTuple):
    """What an implementation is told. `directory`: where files go; `panic` writes a panic-log line; `owner`: uid and
    gid of new files when we run as root; `where`: what follows the name in `hints_database`; `host`: our name, for
    what is no other host's business; `dial` connects to a server and raises NetworkError."""

    directory: str
    panic: Callable[[str], None]
    owner: tuple[int, int] | None = None
    where: str = ""
    host: str = ""
    dial: Callable[[Server, float], Stream] | None = None


class BackendFactory(Protocol):
    """How an implementation is made. Raises ConfigError for a place that makes no sense."""

    def __call__(self, place: Place) -> Backend: ...
