"""exim_tidydb: remove old records, and messages that are gone, from a hints database (manual 54.13)."""

from __future__ import annotations

import getopt
import re
import time
from collections.abc import Sequence

from eximia.config.times import read_time
from eximia.hints.backend import REMOVED, Backend, Entry
from eximia.hints.records import WaitRecord
from eximia.spool import Spool

from .common import fail, write
from .hintsfile import decode, open_hints, usage

OPTIONS = "[-t <time>]"
#: records older than this go
AGE = 30 * 86400
_ID_AT_END = re.compile(r":([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4})$")


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    try:
        pairs, rest = getopt.getopt(list(words), "t:C:")
    except getopt.GetoptError:
        fail(usage("exim_tidydb", OPTIONS))
    age = AGE
    for option, value in pairs:
        if option == "-C":
            continue
        seconds = read_time(value)
        if seconds is None:
            fail(usage("exim_tidydb", OPTIONS))
        age = seconds
    if len(rest) != 2:
        fail(usage("exim_tidydb", OPTIONS))
    directory, name = rest
    hints = open_hints(directory, name, "exim_tidydb", OPTIONS, dict(pairs).get("-C", ""))
    spool = Spool(directory)
    oldest = time.time() - age
    write(f"Tidying Exim hints database {directory}/db/{name}\n")
    for key, entry in list(hints.backend.scan(name)):
        if entry.time < oldest:
            if _removed(hints.backend, name, key, oldest):
                write(f"deleted {key} (too old)\n")
        elif name == "retry":
            gone = _ID_AT_END.search(key)
            if gone is not None and spool.find_header(gone[1]) is None:
                hints.backend.delete(name, key)
                write(f"deleted {key} (no message)\n")
        elif name.startswith("wait-"):
            record = decode(name, key, entry.value)
            if not isinstance(record, WaitRecord):
                continue
            gone_ids = {each for each in record.ids if spool.find_header(each) is None}
            left = _without(hints.backend, name, key, entry, gone_ids)
            if not left:
                write(f"deleted {key} (empty)\n")
            elif gone_ids:
                for each in record.ids:
                    if each in gone_ids:
                        write(f"deleted {key} (no message) {each}\n")
    write("Tidying complete\n")
    return 0


def _removed(backend: Backend, name: str, key: str, oldest: float) -> bool:
    """Remove a record unless it was written anew in the meantime."""
    old = False

    def change(entry: Entry | None) -> bytes | None:
        nonlocal old
        old = entry is not None and entry.time < oldest
        return REMOVED if old else None

    backend.update(name, key, time.time(), change)
    return old


def _without(backend: Backend, name: str, key: str, scanned: Entry, gone: set[str]) -> tuple[str, ...]:
    """Take messages out of a record, to which others may be added meanwhile; those that are left."""
    left: tuple[str, ...] = ()

    def change(entry: Entry | None) -> bytes | None:
        nonlocal left
        record = None if entry is None else WaitRecord.decode(entry.value)
        ids = () if record is None else record.ids
        left = tuple(each for each in ids if each not in gone)
        if not left:
            return None if entry is None else REMOVED
        return None if left == ids else WaitRecord(left).encode()

    backend.update(name, key, scanned.time, change)
    return left
