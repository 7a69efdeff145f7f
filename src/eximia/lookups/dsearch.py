"""`dsearch`: an entry of a directory (manual 9.3). What it finds is Untainted: the directory says that it exists."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from eximia.base.text import Untainted, to_bytes

from .types import LookupDefer, OpenFailure, Options, SingleKey, option

if TYPE_CHECKING:
    from eximia.context import Context

_FILTERS = {"file": stat.S_ISREG, "dir": stat.S_ISDIR, "subdir": stat.S_ISDIR}


class Dsearch(SingleKey):
    """Options `ret=full` (the whole path), `filter=file|dir|subdir`, `key=path` (slashes are allowed in the key, but
    no `..`).

    Exim 4.98 looks for `..` only between slashes and takes a slash in front; here no part of a key can leave the
    directory.
    """

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        try:
            if not stat.S_ISDIR(os.stat(to_bytes(path)).st_mode):
                raise NotADirectoryError(20, os.strerror(20))
            if not os.access(to_bytes(path), os.R_OK):
                raise PermissionError(13, os.strerror(13))
        except OSError as error:
            raise OpenFailure(path, "for directory search", error) from None
        if "/" in key:
            if option(options, "key") != "path":
                raise LookupDefer(f"key for dsearch lookup contains a slash: {key}")
            if key.startswith("/") or ".." in key.split("/") or "/./" in key:
                raise LookupDefer(f"key for dsearch lookup contains bad component: {key}")
        if "\0" in key:
            return None
        whole = f"{path}/{key}"
        wanted = option(options, "filter")
        if wanted == "subdir" and key in {".", ".."}:
            return None
        try:
            mode = os.lstat(to_bytes(whole)).st_mode
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == 36:  # ENAMETOOLONG: there is no such entry
                return None
            raise LookupDefer(f"{whole}: lstat: {error.strerror}") from None
        test = _FILTERS.get(wanted or "")
        if test is not None and not test(mode):
            return None
        return Untainted(whole if option(options, "ret") == "full" else key)


DSEARCH = Dsearch()
