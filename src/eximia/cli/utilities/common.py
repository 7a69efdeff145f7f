"""What several utilities need: the configured process, patterns, output as bytes."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from eximia.context import Process


def open_configured(options: Sequence[str] = ()) -> Process:
    """A process for the installed configuration, or the one that `-C` and `-D` among `options` name."""
    from eximia.cli.opening import open_process
    from eximia.daemon.letters import read

    return open_process(read("exim", [*options, "-bP"]))


def pattern(text: str, *, caseless: bool = True, literal: bool = False) -> re.Pattern[str]:
    """A search pattern of the user. A wrong one ends the program with status 2."""
    try:
        return re.compile(re.escape(text) if literal else text, re.IGNORECASE if caseless else 0)
    except re.error as error:
        fail(f"{error} in regular expression {text}", 2)


def write(text: str) -> None:
    """To standard output, each character as one byte."""
    sys.stdout.buffer.write(text.encode("latin-1", "replace"))


def fail(text: str, status: int = 1) -> NoReturn:
    """Say what is wrong and end."""
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    raise SystemExit(status)
