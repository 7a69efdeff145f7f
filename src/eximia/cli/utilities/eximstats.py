"""eximstats: statistics of main logs (manual 54.7), as text or HTML. The parts are in `stats`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .common import write
from .exigrep import lines_of
from .stats.options import USAGE, Options, read_options
from .stats.reader import LogReader
from .stats.report import Report

if TYPE_CHECKING:
    from .stats.counts import Statistics


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    if words and words[0] in {"-help", "--help"}:
        write(USAGE)
        return 1
    options, paths = read_options(words)
    counted = _merged(options, paths) if options.merge else _counted(options, paths)
    if not counted.useful and not options.empty_ok:
        sys.stderr.write("**** No valid log lines read\n")
        return 1
    report = Report(counted, options)
    for form, target in options.outputs.items():
        if form == "html":
            from .stats.html import render
        else:
            from .stats.text import render
        text = render(report)
        if target:
            with open(target, "w", encoding="latin-1", errors="replace") as file:
                file.write(text)
        else:
            write(text)
    return 0


def _counted(options: Options, paths: Sequence[str]) -> Statistics:
    reader = LogReader(options)
    if not paths:
        reader.read(raw.decode("latin-1") for raw in sys.stdin.buffer)
    for path in paths:
        try:
            reader.read(lines_of(path))
        except OSError as error:
            sys.stderr.write(f"Failed to read {path}: {error.strerror}")
    return reader.statistics


def _merged(options: Options, paths: Sequence[str]) -> Statistics:
    from .stats.merging import Merger

    merger = Merger(options)
    if not paths:
        merger.read(sys.stdin.buffer.read().decode("latin-1"))
    for path in paths:
        try:
            with open(path, encoding="latin-1") as file:
                merger.read(file.read())
        except OSError as error:
            sys.stderr.write(f"Failed to read {path}: {error.strerror}")
    return merger.statistics
