"""`lmdb`: an LMDB file or directory, read only (manual 9.3)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted, from_bytes, to_bytes

from .types import LookupDefer, OpenFailure, Options, SingleKey

if TYPE_CHECKING:
    from eximia.context import Context


def _open(path: str) -> Any:
    """Raises OpenFailure."""
    import lmdb

    try:
        name = os.fsdecode(to_bytes(path))
        os.stat(name)
        return lmdb.open(name, readonly=True, subdir=os.path.isdir(name), lock=False)
    except OSError as error:
        raise OpenFailure(path, "for lmdb lookup", error) from None
    except lmdb.Error as error:
        raise OpenFailure(path, "for lmdb lookup", OSError(22, str(error))) from None


class Lmdb(SingleKey):
    """Exact keys, case counts. An environment sees what others commit, so it stays open while the file is the same."""

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        import lmdb

        if not path.startswith("/"):
            raise ExpansionError('absolute file name expected for "lmdb" lookup')
        kept: dict[str, tuple[object, Any]] = ctx.process.caches.setdefault("lookup.lmdb", {})
        try:
            status = os.stat(to_bytes(path))
            identity = (status.st_dev, status.st_ino)
        except OSError as error:
            raise OpenFailure(path, "for lmdb lookup", error) from None
        entry = kept.get(path)
        if entry is None or entry[0] != identity:
            if entry is not None:
                del kept[path]
                entry[1].close()
            entry = kept[path] = (identity, _open(path))
        try:
            with entry[1].begin() as transaction:
                found = transaction.get(to_bytes(key))
        except lmdb.BadValsizeError:
            return None
        except lmdb.MapResizedError:
            del kept[path]
            entry[1].close()
            return self.find(ctx, path, key, options)
        except lmdb.Error as error:
            raise LookupDefer(str(error)) from None
        return None if found is None else Untainted(from_bytes(found))


LMDB = Lmdb()
