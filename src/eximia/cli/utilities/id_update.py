"""exim_id_update: give the messages of a spool ids of the longer form (as of 4.97, `-u`), or of the shorter one (`-d`).

For a spool that nobody works on: stop the server first. Names of files, the names inside them and the message logs
change; header lines that quote the id stay as they are.
"""

from __future__ import annotations

import getopt
import os
from collections.abc import Sequence

from eximia.expand.variables.process import VERSION
from eximia.message.ids import LONG, is_message_id
from eximia.spool import MessageLockedError, Place, Spool, SpoolFormatError
from eximia.spool.header_file import write_header
from eximia.spool.store import MSGLOG, sync_folder

from .common import fail, open_configured, write

HELP = """exim_id_update: change the form of the message ids in a spool that nobody works on.
Names of files, the names inside -D and -H and the message logs change; header lines stay as they are.

Syntax:  exim_id_update [-C file] [-d | -u | -h | -v] [spooldir]

    -d    to the shorter form, of before 4.97
    -u    to the longer form
    -h    this text
    -v    the version

Exactly one of -d and -u must be given. The spool directory is that of the configuration, unless it is given.
"""


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    try:
        pairs, rest = getopt.getopt(list(words), "C:duvh")
    except getopt.GetoptError as error:
        fail(f"Unknown option: {error.opt}\n{HELP}")
    options = dict(pairs)
    if "-h" not in options and "-v" in options:
        write(f"exim_id_update:\nbuild: {VERSION}\n")
        return 0
    short = "-d" in options and "-u" not in options
    if "-h" in options or not (short or "-u" in options):
        write(HELP)
        return 1
    if rest:
        spool = Spool(rest[0])
    else:
        spool = open_configured(["-C", options["-C"]] if "-C" in options else []).spool
    if not os.path.isdir(spool.directory):
        fail(f"failed cd to {spool.directory}", 2)
    status = 0
    for queue in ("", *spool.queues()):
        for place in spool.places(queue):
            for message_id in spool.ids_at(place):
                if (len(message_id) == LONG) != short:
                    continue
                try:
                    rename(spool, message_id, place, short=short)
                except (MessageLockedError, SpoolFormatError, OSError) as error:
                    write(f"{message_id}: {error}\n")
                    status = 1
    return status


def other_form(message_id: str, *, short: bool) -> str:
    """The same time and process in the other form; digits are added or cut, as by the utility of Exim 4.98, so that the
    fraction of the second is no longer exact. Raises ValueError for what is no id."""
    if not is_message_id(message_id):
        raise ValueError(message_id)
    time, process, fraction = message_id.split("-")
    if short:
        return f"{time}-{process[-6:]}-{fraction[:2]}"
    return f"{time}-{process:0>11}-{fraction:0<4}"


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
