"""Directories and the places where files may be made (manual 26.2 `create_file`, `create_directory`)."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from eximia.base.folders import make_folders
from eximia.context.delivery import Errno

from .result import JobError

_naming = threading.Lock()
_last_microsecond = 0


def unused_microsecond() -> int:
    """The time in microseconds, as part of a file's name: no two in this process are the same, also in threads."""
    global _last_microsecond
    with _naming:
        _last_microsecond = max(time.time_ns() // 1000, _last_microsecond + 1)
        return _last_microsecond


def allowed(directory: str, where: str, home: str) -> bool:
    """May something be made in `directory`, by `create_file`?"""
    if where == "anywhere":
        return True
    base = where if where.startswith("/") else home
    if not base:
        return False
    if where == "inhome":
        return directory == base
    return _below(directory, base)


def _below(directory: str, base: str) -> bool:
    """The directory is `base` or below it, by its name and in truth: links may lead out."""
    inside = f"{directory}/"
    if not inside.startswith(f"{base}/") or "/../" in inside[len(base) :]:
        return False
    real = os.path.realpath(base).rstrip("/")
    return f"{os.path.realpath(directory)}/".startswith(f"{real}/")


def check_vouched(fields: dict[str, Any]) -> None:
    """A path made of what came from outside must lie where `create_file` wants it, links followed: `vouched` is that
    directory ("" for a path that is trusted). Raises JobError."""
    path: str = fields["path"]
    base: str = fields["vouched"]
    if base and not _below(os.path.dirname(path) if fields["format"] == "file" else path, base):
        raise JobError(
            f"Tainted '{path}' (file or directory name for {fields['transport']} transport) not permitted",
            Errno.UNKNOWN,
            panic=True,
        )


def check_place(path: str, where: str, home: str) -> None:
    """May the mailbox `path` be made? Raises JobError."""
    if not allowed(os.path.dirname(path), where, home):
        raise JobError(
            f"mailbox {path} does not exist, but creation outside the home directory is not permitted",
            Errno.NOT_CREATED,
        )


def check_directory(path: str, where: str, home: str) -> None:
    """May files be made in the directory `path`? Raises JobError."""
    if not allowed(path, where, home):
        raise JobError(
            f"tried to create file in {path}, but file creation outside the home directory is not permitted",
            Errno.NOT_CREATED,
        )


def parents_missing(fields: dict[str, Any]) -> None:
    """Make the directories above a file, where they may be made. Raises JobError."""
    path, mode = fields["path"], fields["directory_mode"]
    above = os.path.dirname(path)
    if not fields["create_directory"] or os.path.isdir(above):
        return
    if not allowed(above, fields["create_file"], fields["home"]):
        return
    try:
        make_folders(above, mode)
    except OSError as error:
        raise JobError(
            f"failed to create directories for {path}: {os.strerror(error.errno or 0)}", error.errno or 0
        ) from error


def sync_directory(path: str) -> None:
    """Make the names in a directory durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
