"""Directories and the places where files may be made (manual 26.2 `create_file`, `create_directory`)."""

from __future__ import annotations

import os

from eximia.context.delivery import Errno

from .result import JobError


def make_directories(path: str, mode: int) -> None:
    """Make a directory and those above it. Raises OSError."""
    if os.path.isdir(path):
        return
    above = os.path.dirname(path.rstrip("/"))
    if above and above != path and not os.path.isdir(above):
        make_directories(above, mode)
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        return
    os.chmod(path, mode)


def check_place(path: str, where: str, home: str, what: str = "mailbox") -> None:
    """May `path` be made, by `create_file`? Raises JobError."""
    if where == "anywhere":
        return
    base = where if where.startswith("/") else home
    inside = bool(base) and path.startswith(base) and path[len(base) : len(base) + 1] == "/"
    if inside and where != "inhome" and "/../" in path[len(base) :]:
        inside = False
    if not inside:
        raise JobError(
            f"{what} {path} does not exist, but creation outside the home directory is not permitted",
            Errno.NOT_CREATED,
        )


def parents_missing(path: str, mode: int, *, create: bool) -> None:
    """Make the directories above a file. Raises JobError."""
    above = os.path.dirname(path)
    if not create or os.path.isdir(above):
        return
    try:
        make_directories(above, mode)
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
