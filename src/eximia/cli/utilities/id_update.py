"""exim_id_update: give the messages of a spool ids of the longer form (as of 4.97), or back (`-d`).

For a spool that nobody works on: stop the server first. Names of files, the names inside them and the message logs
change; header lines that quote the id stay as they are.
"""

from __future__ import annotations

import getopt
import os
from collections.abc import Sequence

from eximia.message.ids import LONG, base62, is_message_id, parts_of
from eximia.spool import MessageLockedError, Place, Spool, SpoolFormatError
from eximia.spool.header_file import write_header
from eximia.spool.store import MSGLOG, sync_folder

from .common import fail, open_configured, write

HELP = """exim_id_update: change the form of the message ids in a spool
usage: exim_id_update [-C file] [-d] [-v] [spool directory]

    -d    to the shorter form of before 4.97
    -v    say what is done
"""


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    try:
        pairs, rest = getopt.getopt(list(words), "C:dvh")
    except getopt.GetoptError as error:
        fail(f"exim_id_update: {error.msg}\n{HELP}")
    options = dict(pairs)
    if "-h" in options:
        write(HELP)
        return 0
    if rest:
        spool = Spool(rest[0])
    else:
        spool = open_configured(["-C", options["-C"]] if "-C" in options else []).spool
    status = 0
    for queue in ("", *spool.queues()):
        for place in spool.places(queue):
            for message_id in spool.ids_at(place):
                if (len(message_id) == LONG) != ("-d" in options):
                    continue
                try:
                    new = rename(spool, message_id, place, short="-d" in options)
                except (MessageLockedError, SpoolFormatError, OSError) as error:
                    write(f"{message_id}: {error}\n")
                    status = 1
                else:
                    if "-v" in options:
                        write(f"{message_id} -> {new}\n")
    return status


def other_form(message_id: str, *, short: bool) -> str:
    """The same time and process in the other form. Raises ValueError for what is no id."""
    if not is_message_id(message_id):
        raise ValueError(message_id)
    seconds, pid, _ = parts_of(message_id)
    fraction = seconds % 1
    if short:
        return f"{message_id[:6]}-{base62(pid % 62**6, 6)}-{base62(round(fraction * 2000) % 2000, 2)}"
    return f"{message_id[:6]}-{base62(pid, 11)}-{base62(round(fraction * 1_000_000) % 1_000_000, 4)}"


def rename(spool: Spool, message_id: str, place: Place, *, short: bool) -> str:
    """Give one message its new id: the new files are complete before the old ones go. Raises OSError,
    SpoolFormatError, MessageLockedError."""
    new = other_form(message_id, short=short)
    with spool.lock(message_id, place.queue) as held:
        header = spool.read(message_id, place)
        header.id = new
        _copy_body(held.fd, held.body_offset, spool, new, place)
        for suffix, kind in (("-J", "input"), ("", MSGLOG)):
            try:
                os.link(spool.path(message_id, suffix, place, kind), spool.path(new, suffix, place, kind))
            except FileNotFoundError:
                pass
        spool.write_file(spool.path(new, "-H", place), write_header(header).encode("latin-1"))
        sync_folder(spool.folder(place))
        held.remove()
    return new


def _copy_body(fd: int, offset: int, spool: Spool, new: str, place: Place) -> None:
    path = spool.path(new, "-D", place)
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, spool.file_mode)
    try:
        status = os.fstat(fd)
        os.fchmod(target, status.st_mode & 0o777)
        if os.geteuid() == 0:
            os.fchown(target, status.st_uid, status.st_gid)
        os.write(target, f"{new}-D\n".encode())
        while chunk := os.pread(fd, 1 << 20, offset):
            offset += os.write(target, chunk)
        os.fsync(target)
    finally:
        os.close(target)
