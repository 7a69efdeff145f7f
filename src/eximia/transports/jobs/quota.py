"""Quotas of mailboxes (manual 26.2, 26.4, 26.6): how big is it, and does the message still fit?"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from eximia.context.delivery import Errno

from .result import JobError

if TYPE_CHECKING:
    import re

SizePattern = Callable[[str], int | None]


def size_pattern(pattern: str | None) -> SizePattern | None:
    """`quota_size_regex` as a function: file name -> size, None when the name does not tell."""
    if not pattern:
        return None
    compiled = expression(pattern)

    def size(name: str) -> int | None:
        found = compiled.search(name)
        if found is None or not found.groups():
            return None
        digits = found.group(1)
        return int(digits) if digits is not None and digits.isdigit() else None

    return size


def expression(pattern: str) -> re.Pattern[str]:
    """A regular expression of the postmaster's; Python's syntax covers what names of files need. Raises JobError."""
    import re

    try:
        return re.compile(pattern)
    except re.error as error:
        raise JobError(
            f"appendfile: regular expression error: {error.msg} at offset {error.pos} while compiling {pattern}",
            Errno.UNKNOWN,
        ) from error


def directory_usage(path: str, pattern: SizePattern | None, *, count_folders: bool) -> tuple[int, int]:
    """(bytes, files) in a directory and those below it; `count_folders`: these count as files, too."""
    size = files = 0
    try:
        entries = list(os.scandir(path))
    except OSError:
        return 0, 0
    for entry in entries:
        told = pattern(entry.name) if pattern is not None else None
        if told is not None:
            files += 1
            size += told
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if entry.is_dir(follow_symlinks=False):
            below = directory_usage(entry.path, pattern, count_folders=count_folders)
            size += below[0]
            files += below[1] + count_folders
        elif entry.is_file(follow_symlinks=False):
            files += 1
            size += status.st_size // max(1, status.st_nlink)
    return size, files


def check(fields: dict[str, Any], size: int, files: int, where: str, last_read: float = 0.0) -> None:
    """Does the message fit into a mailbox of this size? Raises JobError."""
    too_big, too_many = exceeded(fields, size, files)
    if too_many and not fields["quota_filecount_no_check"]:
        raise full(f"mailbox is full (MTA-imposed filecount quota exceeded while writing to {where})", last_read)
    if too_big and not fields["quota_no_check"]:
        raise full(f"mailbox is full (MTA-imposed quota exceeded while writing to {where})", last_read)


def exceeded(fields: dict[str, Any], size: int, files: int) -> tuple[bool, bool]:
    """Is the message too much for a mailbox of this size: its bytes, its file?"""
    inclusive = fields["quota_is_inclusive"]
    own, one = (fields["message_size"], 1) if inclusive else (0, 0)
    return 0 < fields["quota"] < size + own, 0 < fields["quota_filecount"] < files + one


def full(message: str, last_read: float) -> JobError:
    """The mailbox is full. `last_read`: seconds since it was read, for retry rules such as `quota_7d`."""
    return JobError(message, Errno.QUOTA, more_errno=int(last_read), user_message="mailbox is full")


def crossed(threshold: int, before: int, added: int) -> bool:
    """The delivery made the mailbox pass `quota_warn_threshold`."""
    return threshold > 0 and before <= threshold < before + added
