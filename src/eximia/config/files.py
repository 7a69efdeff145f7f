"""Finding the configuration file and checking that it may be trusted (manual 6, 6.1)."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from eximia.base.errors import ConfigError
from eximia.base.namedtuple import NamedTuple
from eximia.base.text import to_bytes


class Trust(NamedTuple):
    """Who may own configuration files, beside root, and which group may write to them. None: nobody."""

    owner: int | None = None
    group: int | None = None
    #: no checks: the caller gave up privilege for this file
    anybody: bool = False


def find(paths: Sequence[str], trust: Trust) -> tuple[str, str]:
    """Path and content of the first of `paths` that exists. Raises ConfigError, with nothing said of a place."""
    for path in paths:
        try:
            return path, read_trusted(path, trust)
        except FileNotFoundError:
            continue
        except OSError as error:
            who = f"(euid={os.geteuid()} egid={os.getegid()})"
            message = f"failed to open configuration file {path}: {error.strerror} {who}"
            raise UnusableFile(message) from None
    raise UnusableFile(f"non-existent configuration file(s): {':'.join(paths)}")


class UnusableFile(ConfigError):
    """There is no configuration to read: the message stands alone, without "Exim configuration error"."""


def read_trusted(path: str, trust: Trust) -> str:
    """The content of a configuration file. Raises OSError, ConfigError."""
    with open(to_bytes(path), "rb") as file:
        if not trust.anybody:
            _check(path, os.fstat(file.fileno()), trust)
        return file.read().decode("latin-1")


def _check(path: str, facts: os.stat_result, trust: Trust) -> None:
    mode = facts.st_mode
    if (
        facts.st_uid not in (0, trust.owner)
        or mode & stat.S_IWOTH
        or (mode & stat.S_IWGRP and facts.st_gid not in (0, trust.group))
    ):
        raise UnusableFile(f"Exim configuration file {path} has the wrong owner, group, or mode")
