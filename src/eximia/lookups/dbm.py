"""`dbm`, `dbmjz`, `dbmnz`: DBM files of the system's library (manual 9.3), read with Python's modules for them.

The ndbm interface adds `.db` to the name it is given; a file of another name is opened through a link in a
directory of our own.
"""

from __future__ import annotations

import os
import tempfile
from errno import ENOENT
from typing import TYPE_CHECKING, Any

from eximia.base.listtext import split_list
from eximia.base.text import Untainted, from_bytes, to_bytes

from .kept import kept_file
from .types import Options, SingleKey

if TYPE_CHECKING:
    from eximia.context import Context

_GDBM_MAGICS = frozenset({0x13579ACD, 0x13579ACE, 0x13579ACF, 0x13579AD0})
#: hash and btree
_BERKELEY_MAGICS = frozenset({0x00061561, 0x00053162})


class DbmFile:
    """An open DBM file, for reading."""

    __slots__ = ("_database",)

    def __init__(self, path: str) -> None:
        """Raises OSError."""
        self._database = _open(path)

    def get(self, key: bytes) -> bytes | None:
        """The data of `key`."""
        found = self._database.get(key)
        return None if found is None else bytes(found)


def _begins_with(head: bytes, magics: frozenset[int]) -> bool:
    return int.from_bytes(head, "little") in magics or int.from_bytes(head, "big") in magics


def _open(path: str) -> Any:
    """The database, by whatever library made it. Raises OSError."""
    with open(to_bytes(path), "rb") as file:
        head = file.read(16)
    if _begins_with(head[:4], _GDBM_MAGICS):
        try:
            from dbm import gnu
        except ImportError:
            raise OSError(95, "no gdbm library") from None
        try:
            return gnu.open(os.fsdecode(to_bytes(path)), "r")
        except gnu.error as error:
            raise OSError(22, str(error)) from None
    if not _begins_with(head[12:], _BERKELEY_MAGICS):
        # The library's error for a file of another format, without what it writes to standard error.
        raise OSError(ENOENT, "No such file or directory")
    try:
        from dbm import ndbm
    except ImportError:
        raise OSError(95, "no ndbm library") from None
    with tempfile.TemporaryDirectory(prefix="eximia-dbm-") as folder:
        link = os.path.join(folder, "file")
        os.symlink(os.path.abspath(to_bytes(path)), f"{link}.db".encode())
        try:
            return ndbm.open(link, "r")
        except ndbm.error as error:
            raise OSError(getattr(error, "errno", None) or ENOENT, str(error)) from None


class Dbm(SingleKey):
    """Exact keys. `final_zero` adds a NUL to the key; `joined` joins the items of a list with NULs to make it."""

    def __init__(self, *, final_zero: bool, joined: bool = False) -> None:
        self._final_zero = final_zero
        self._joined = joined

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        database = kept_file(ctx, "dbm", path, "as a db (v4.1+) file", DbmFile)
        if self._joined:
            data = b"\0".join(to_bytes(item) for item in split_list(key))
        else:
            data = to_bytes(key)
        found = database.get(data + b"\0" if self._final_zero else data)
        return None if found is None else Untainted(from_bytes(found.rstrip(b"\0") if self._final_zero else found))


DBM = Dbm(final_zero=True)
DBMNZ = Dbm(final_zero=False)
DBMJZ = Dbm(final_zero=True, joined=True)
