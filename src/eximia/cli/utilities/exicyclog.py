"""exicyclog: cycle (rotate) the main, reject and panic logs (manual 54.6).

`mainlog` becomes `mainlog.01`, that `mainlog.02`, and so on; all but the newest are compressed.
"""

from __future__ import annotations

import getopt
import gzip
import os
import shutil
from collections.abc import Sequence

from .common import fail, open_configured

#: how many old logs are kept
KEEP = 10
SUFFIX = "gz"


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    try:
        pairs, _ = getopt.getopt(list(words), "k:l:C:")
    except getopt.GetoptError as error:
        fail(f"** exicyclog: unknown option -{error.opt}")
    options = dict(pairs)
    keep = options.get("-k", str(KEEP))
    if not keep.isdigit() or int(keep) == 0:
        fail("** exicyclog: no valid number of log files to keep given with -k")
    path = options.get("-l")
    if path is None:
        process = open_configured(["-C", options["-C"]] if "-C" in options else [])
        path = process.log.settings.destination.path
    if not path:
        fail("*** Exim is configured to log only to syslog: there is nothing to cycle")
    if "%D" in path or "%M" in path:
        fail(f'*** log_file_path "{path}" has dates in it: there is nothing to cycle')
    if not os.path.exists(path.replace("%s", "main")):
        return 0
    for kind in ("main", "reject", "panic"):
        cycle(path.replace("%s", kind), int(keep))
    return 0


def cycle(path: str, keep: int) -> None:
    """Shift one log and its old ones by one; what falls off the end is removed."""
    width = 3 if keep > 99 else 2
    for number in range(keep, 0, -1):
        for suffix in ("", f".{SUFFIX}"):
            old = f"{path}.{number:0{width}d}{suffix}"
            if not os.path.exists(old):
                continue
            if number == keep:
                os.unlink(old)
            else:
                os.rename(old, f"{path}.{number + 1:0{width}d}{suffix}")
    try:
        status = os.stat(path)
        os.rename(path, f"{path}.{1:0{width}d}")
    except FileNotFoundError:
        return
    _create(path, status)
    for number in range(2, keep + 1):
        old = f"{path}.{number:0{width}d}"
        if os.path.exists(old):
            _compress(old)


def _create(path: str, old: os.stat_result) -> None:
    """An empty log like the one that was renamed, unless a process was faster. It has its name when it is ready: the
    server writes to it in the same moment."""
    new = f"{path}.new-{os.getpid()}"
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if os.geteuid() == 0:
            os.fchown(fd, old.st_uid, old.st_gid)
        os.fchmod(fd, old.st_mode & 0o7777)
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        os.close(fd)
        os.unlink(new)


def _compress(path: str) -> None:
    """Compress a log; owner, mode and times stay."""
    status = os.stat(path)
    packed = f"{path}.{SUFFIX}"
    with open(path, "rb") as source, gzip.open(packed, "wb") as target:
        shutil.copyfileobj(source, target)
    os.chmod(packed, status.st_mode & 0o7777)
    if os.geteuid() == 0:
        os.chown(packed, status.st_uid, status.st_gid, follow_symlinks=False)
    os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.unlink(path)
