"""The files of the autoreply transport, touched as the user (manual chapter 27): text file, once file, log.

`run` is the job `autoreply`; `step` says what is to be done: `read` before the message is sent, `record` after.
"""

from __future__ import annotations

import fcntl
import os
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from .names import as_text, as_the_system_names
from .result import JobError

_TIME = struct.Struct("<q")


def run(fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    """`read`: {"sent_before": bool, "text": file's text or None}. `record`: {}. Or a job error."""
    fields = as_the_system_names(fields)
    try:
        if fields["step"] == "read":
            return _read(fields)
        _record(fields)
        return {"result": "done"}
    except JobError as error:
        return as_text(error.as_fields())


def _read(fields: dict[str, Any]) -> dict[str, Any]:
    once = fields["once"]
    if once and fields["to"]:
        last = _last_sent(fields)
        if last is not None and (fields["once_repeat"] == 0 or time.time() - last < fields["once_repeat"]):
            if fields["log"]:
                _append_log(fields, f"{fields['stamp']}\n  previously sent to {fields['to']}\n")
            return {"result": "done", "sent_before": True, "text": None}
    return {"result": "done", "sent_before": False, "text": _text(fields)}


def _text(fields: dict[str, Any]) -> str | None:
    if not fields["file"]:
        return None
    try:
        with open(fields["file"], "rb") as file:
            return file.read().decode("latin-1")
    except OSError as error:
        if fields["file_optional"]:
            return None
        why = os.strerror(error.errno or 0)
        raise JobError(
            f"Failed to open file {fields['file']} when sending message from {fields['transport']} transport: {why}",
            error.errno or 0,
        ) from error


def _record(fields: dict[str, Any]) -> None:
    if fields["once"] and fields["to"]:
        _remember(fields)
    if fields["log"]:
        _append_log(fields, fields["log_text"])


def _append_log(fields: dict[str, Any], text: str) -> None:
    """Trouble with the log does not undo what was sent."""
    try:
        fd = os.open(fields["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, fields["mode"])
    except OSError:
        return
    try:
        os.write(fd, text.encode("latin-1"))
    finally:
        os.close(fd)


# The once file: whom something was sent to, and when


def _last_sent(fields: dict[str, Any]) -> float | None:
    try:
        if fields["once_folder"]:
            with suppress(OSError):  # what cannot be made cannot be opened either
                os.makedirs(os.path.dirname(fields["once"]), 0o700, exist_ok=True)
        if fields["once_file_size"] > 0:
            # Nothing is sent when there is no place to remember it.
            with _sized_file(fields) as file:
                return next((when for when, address in _entries(file.read()) if address == fields["to"]), None)
        with _database(fields) as database:
            found = database.get(_key(fields))
            return None if found is None or len(found) < _TIME.size else float(_TIME.unpack_from(found)[0])
    except OSError as error:
        raise _trouble(fields, error) from error


def _remember(fields: dict[str, Any]) -> None:
    now = int(time.time())
    try:
        if fields["once_file_size"] > 0:
            _rewrite(fields, now)
            return
        with _database(fields) as database:
            database[_key(fields)] = _TIME.pack(now)
    except OSError as error:
        raise _trouble(fields, error) from error


def _trouble(fields: dict[str, Any], error: Exception) -> JobError:
    number = getattr(error, "errno", None) or 0
    why = os.strerror(number) if number else str(error)
    kind = '"once"' if fields["once_file_size"] > 0 else "db (v4.1+)"
    return JobError(
        f"Failed to open {kind} file {fields['once']} when sending message from {fields['transport']} transport: {why}",
        number,
    )


def _key(fields: dict[str, Any]) -> bytes:
    to: str = fields["to"]
    return to.encode("latin-1") + b"\0"


@contextmanager
def _database(fields: dict[str, Any]) -> Iterator[Any]:
    """The once file as a database of the system's DBM library, which is what Exim uses; made when it is missing.
    Raises OSError.

    The library adds `.db` to the name it is given, so it gets a link in a directory of our own. The lock is for
    deliveries that run at the same time.
    """
    from dbm import ndbm

    path = os.path.abspath(fields["once"])
    beside = os.path.dirname(path)
    where = beside if os.access(beside, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=".eximia-once-", dir=where) as folder:
        os.chmod(folder, 0o700)  # whatever the umask is
        link = os.path.join(folder, "once")
        os.symlink(path, f"{link}.db")
        try:
            _make_file(path, fields["mode"])
            with open(path, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if os.fstat(file.fileno()).st_size == 0:
                    file.write(_empty(ndbm, folder))
                    file.flush()
                with ndbm.open(link, "w") as database:
                    yield database
        except ndbm.error as error:
            raise OSError(getattr(error, "errno", None) or 22, "Invalid argument") from error


def _make_file(path: str, mode: int) -> None:
    """An empty file under `path` unless there is one. Raises OSError."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))
    except FileExistsError:
        return


def _empty(library: Any, folder: str) -> bytes:
    """A database with nothing in it; the library makes none behind a link."""
    library.open(os.path.join(folder, "new"), "n").close()
    with open(os.path.join(folder, "new.db"), "rb") as file:
        return file.read()


def _entries(data: bytes) -> list[tuple[int, str]]:
    """The file's form is Exim's: a time of eight bytes, the address, a zero byte."""
    entries = []
    pos = 0
    while pos + _TIME.size < len(data):
        (when,) = _TIME.unpack_from(data, pos)
        end = data.find(b"\0", pos + _TIME.size)
        if end < 0:
            break
        entries.append((when, data[pos + _TIME.size : end].decode("latin-1")))
        pos = end + 1
    return entries


@contextmanager
def _sized_file(fields: dict[str, Any]) -> Iterator[BinaryIO]:
    """The once file that is kept small, made when it is missing, for us alone. Raises OSError."""
    fd = os.open(fields["once"], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, fields["mode"])
    with os.fdopen(fd, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _rewrite(fields: dict[str, Any], now: int) -> None:
    """Add or refresh an address; the oldest go when the file would be too big."""
    to = fields["to"]
    with _sized_file(fields) as file:
        entries = [entry for entry in _entries(file.read()) if entry[1] != to]
        entries.append((now, to))
        packed = [_TIME.pack(when) + address.encode("latin-1") + b"\0" for when, address in entries]
        while len(packed) > 1 and sum(map(len, packed)) > fields["once_file_size"]:
            packed.pop(0)
        file.seek(0)
        file.truncate()
        file.write(b"".join(packed))
