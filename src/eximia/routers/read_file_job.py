"""Reading a redirection file as the user it belongs to (manual 22.1, 22.10). Runs in an agent: plain data only."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping, Sequence
from typing import Any

from eximia.base.refusal import why

#: longer files are no alias lists
_LONGEST = 1 << 24


def run(fields: Mapping[str, Any], fds: Sequence[int] = ()) -> dict[str, Any]:
    """Open, check and read the file `path`. With `checks`: mode bits `modemask`, and lists `owners` and `groups`
    (None: not checked), and the test of the directory when the file is missing (`check_directory`).

    Returns one of `data` (text), `missing`, or `error` (text) with `errno`.
    """
    path: str = fields["path"]
    raw = path.encode("latin-1")
    try:
        fd = os.open(raw, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        return _not_open(path, error, fields)
    trouble = _unfit(path, os.fstat(fd), fields)
    if trouble:
        os.close(fd)
        return {"error": trouble, "errno": -1}
    with os.fdopen(fd, "rb") as file:
        try:
            data = file.read(_LONGEST)
        except OSError as error:
            return {"error": f"error while reading {path}: {error.strerror}", "errno": error.errno or -1}
    return {"data": data.decode("latin-1")}


def _not_open(path: str, error: OSError, fields: Mapping[str, Any]) -> dict[str, Any]:
    number = error.errno or -1
    if number == errno.ENOENT:
        if not fields.get("ignore_enotdir") and fields.get("check_directory", True):
            directory = os.path.dirname(path) + "/."
            try:
                os.stat(directory.encode("latin-1"))
            except OSError as problem:
                return {"error": f"failed to stat {directory} ({problem.strerror})", "errno": -1}
        return {"missing": True}
    if number == errno.ENOTDIR and fields.get("ignore_enotdir"):
        return {"missing": True}
    if number == errno.EACCES and fields.get("ignore_eacces"):
        return {"missing": True}
    return {"error": f"failed to open {path}: {why(error)}", "errno": -1}


def _unfit(path: str, status: os.stat_result, fields: Mapping[str, Any]) -> str:
    if not stat.S_ISREG(status.st_mode):
        return f"{path} is not a regular file"
    excess = status.st_mode & int(fields.get("modemask", 0))
    if excess:
        return f"bad mode (0{status.st_mode:o}) for {path}: 0{excess:o} bit(s) unexpected"
    owners = fields.get("owners")
    if owners is not None and status.st_uid not in owners:
        return f"bad owner for {path}"
    groups = fields.get("groups")
    if groups is not None and status.st_gid not in groups:
        return f"bad group for {path}"
    return ""
