"""The maildirsize file of Maildir++ (manual 26.7): a running total of a maildir's size."""

from __future__ import annotations

import os
import re
import time
from typing import Any

from .paths import unused_microsecond
from .quota import SizePattern, directory_usage, exceeded, expression
from .result import JobError

_BIGGEST = 5120
_OLD = 15 * 60
_HEAD = re.compile(r"(\d+)S(?:,(\d+)C)?|(\d+)C,(\d+)S")
_SUM = re.compile(r"[ \t]*([+-]?\d+) +(-?\d+)")


class MaildirSize:
    """The file of one maildir. `size` and `files` are what it adds up to."""

    def __init__(self, path: str, fd: int, size: int, files: int) -> None:
        self.path = path
        self.fd = fd
        self.size = size
        self.files = files

    def add(self, size: int) -> None:
        """A message was delivered."""
        os.write(self.fd, b"%d 1\n" % size)

    def close(self) -> None:
        os.close(self.fd)


def open_sizes(top: str, fields: dict[str, Any], pattern: SizePattern | None) -> MaildirSize:
    """The file of the maildir `top`, made or computed anew where it is missing, too long, or of other quotas.
    Raises JobError."""
    path = f"{top}/maildirsize"
    try:
        return _read(path, fields) or _compute(path, top, fields, pattern)
    except OSError as error:
        raise JobError(f"while opening or reading {path}", error.errno or 0) from error


def _read(path: str, fields: dict[str, Any]) -> MaildirSize | None:
    try:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    data = os.read(fd, _BIGGEST + 1)
    lines = data.decode("latin-1").split("\n")
    sums = [_SUM.fullmatch(line) for line in lines[1:] if line]
    if len(data) <= _BIGGEST and _quotas(lines[0]) == (fields["quota"], fields["quota_filecount"]) and all(sums):
        size = sum(int(found[1]) for found in sums if found)
        files = sum(int(found[2]) for found in sums if found)
        # Where the message would not fit, the sums are believed only if they are young and just one (Maildir++).
        believed = len(sums) <= 1 and time.time() - os.fstat(fd).st_mtime < _OLD
        if size >= 0 and files >= 0 and (believed or not any(exceeded(fields, size, files))):
            return MaildirSize(path, fd, size, files)
    os.close(fd)
    return None


def _quotas(line: str) -> tuple[int, int] | None:
    """The first line: quotas of bytes and of files, 0 for one that is not there. None: it is something else."""
    found = _HEAD.fullmatch(line)
    return (int(found[1] or found[4]), int(found[2] or found[3] or 0)) if found else None


def _compute(path: str, top: str, fields: dict[str, Any], pattern: SizePattern | None) -> MaildirSize:
    head = f"{fields['quota']}S,{fields['quota_filecount']}C"
    wanted = expression(fields["maildir_quota_directory_regex"])
    size = files = 0
    for entry in sorted(os.scandir(top), key=lambda entry: entry.name):
        if not entry.is_dir(follow_symlinks=False) or not wanted.search(entry.name) or entry.name in (".", ".."):
            continue
        places = [entry.path] if not entry.name.startswith(".") else [f"{entry.path}/cur", f"{entry.path}/new"]
        for place in places:
            found = directory_usage(place, pattern, count_folders=False)
            size += found[0]
            files += found[1]
    now = unused_microsecond()
    temporary = os.path.join(top, "tmp", f"{now // 1000000}.M{now % 1000000}P{os.getpid()}.{fields['host']}")
    fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.fchmod(fd, 0o600)
    os.write(fd, f"{head}\n{size} {files}\n".encode("ascii"))
    os.rename(temporary, path)
    return MaildirSize(path, fd, size, files)
