"""exim_dbmbuild: a DBM file from a file in the form of lsearch (manual 54.9)."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from eximia.base.text import to_bytes
from eximia.lookups.linear import data_of, logical_lines

from .common import write

USAGE = "usage: exim_dbmbuild [-nolc] [-nozero] [-noduperr] [-lastdup] [-nowarn] <source file> <dbm base name>\n"
_FLAGS = {"-nolc", "-nozero", "-noduperr", "-lastdup", "-nowarn"}
#: a line that goes on where nothing has begun
_STRAY = re.compile(r"(?:#.*\n|[ \t]*\n)*([ \t]+\S.*)")
#: whoever builds it, the mail user must be able to read it
_MODE = 0o644


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line: 0, 1 for duplicates, 2 when no new file was made."""
    flags = set()
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        flags.add(rest.pop(0))
    if len(rest) != 2 or flags - _FLAGS:
        write(USAGE)
        return 1
    source, target = rest
    if source == target:
        write("exim_dbmbuild: input and output filenames are the same\n")
        return 1
    try:
        if source == "-":
            text = sys.stdin.buffer.read().decode("latin-1")
        else:
            with open(source, "rb") as file:
                text = file.read().decode("latin-1")
    except OSError as error:
        write(f"exim_dbmbuild: unable to open {source}: {error.strerror}\n")
        return 1
    if stray := _STRAY.match(text):
        write(f"Unexpected continuation line ignored\n{stray[1]}\n\n")
    entries, duplicates = collect(text, flags)
    try:
        build(entries, target, zero="-nozero" not in flags)
    except OSError as error:
        write(f"exim_dbmbuild: unable to create {target}: {error.strerror}\n")
        return 2
    for key in duplicates if "-nowarn" not in flags else ():
        sys.stderr.write(f'** Duplicate key "{key}"\n')
    sys.stderr.flush()
    write(f"{len(entries)} entr{'y' if len(entries) == 1 else 'ies'} written\n")
    if duplicates:
        write(f"{len(duplicates)} duplicate key{'' if len(duplicates) == 1 else 's'} \n")
    return 1 if duplicates and "-noduperr" not in flags else 0


def collect(text: str, flags: set[str]) -> tuple[dict[str, str], list[str]]:
    """The entries, and the keys that came again."""
    entries: dict[str, str] = {}
    duplicates = []
    for key, data in _items(text):
        name = key if "-nolc" in flags else key.lower()
        if name in entries:
            duplicates.append(name)
            if "-lastdup" not in flags:
                continue
        entries[name] = data
    return entries, duplicates


def _items(text: str) -> Iterator[tuple[str, str]]:
    for key, rest, more in logical_lines(text):
        yield key, f"{data_of(rest)}{more}"


def build(entries: dict[str, str], target: str, *, zero: bool) -> None:
    """Write the file under a temporary name, then rename it. `zero`: a zero byte ends keys and data.

    Raises OSError.
    """
    end = b"\0" if zero else b""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(target))) as folder:
        database, path = _create(f"{folder}/new")
        for key, data in entries.items():
            database[to_bytes(key) + end] = to_bytes(data) + end
        database.close()
        os.rename(path, target)


def _create(base: str) -> tuple[Any, str]:
    """A new database, by the system's DBM library (else gdbm), and the name of its file."""
    try:
        from dbm import ndbm
    except ImportError:
        try:
            from dbm import gnu
        except ImportError:
            raise OSError(95, "no DBM library") from None
        return gnu.open(base, "n", _MODE), base
    return ndbm.open(base, "n", _MODE), f"{base}.db"
