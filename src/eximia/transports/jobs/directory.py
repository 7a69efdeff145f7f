"""Delivering a message as new files in a directory (manual 26.4 to 26.9): maildir, mailstore, plain files.

A file gets its final name when it is complete and durable. Where the name must be expanded with what is known only
then (`$inode`, `$message_size`), the driver asks first for the temporary file and then, with `finish`, for its name.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import TYPE_CHECKING, Any

from eximia.base.folders import make_folders
from eximia.base.writing import write_all
from eximia.context.delivery import Errno
from eximia.spool.write_hint import begin_writing

from .filter import FilterFailure, FilterTimeout
from .mailbox import parts
from .maildirsize import MaildirSize, open_sizes
from .paths import check_directory, check_vouched, sync_directory, unused_microsecond
from .quota import check, crossed, directory_usage, expression, size_pattern
from .result import JobError

if TYPE_CHECKING:
    from eximia.privileged.agent import Steps

_TMP = "tmp"


def deliver(fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    """One message into the directory `path`. Raises JobError."""
    if fields["format"] == "finish":
        return finish(fields)
    path: str = fields["path"]
    _make(path, fields)
    if fields["format"] == "mailstore":
        return _mailstore(path, fields, fds)
    return _plain(path, fields, fds)


def _make(path: str, fields: dict[str, Any]) -> None:
    """The directory itself. Raises JobError."""
    check_vouched(fields)
    check_directory(path, fields["create_file"], fields["home"])
    try:
        mode = os.stat(path).st_mode  # looked at once: another delivery may be making it
    except FileNotFoundError:
        if not fields["create_directory"]:
            return
    except OSError as error:
        if fields["format"] != "maildir":
            return  # creating the file says what is wrong
        raise JobError(f"stat() error for {path}: {os.strerror(error.errno or 0)}", error.errno or 0) from error
    else:
        if stat.S_ISDIR(mode) or fields["format"] != "maildir":
            return
        raise JobError(f"{path} is not a directory", Errno.NOT_DIRECTORY)
    try:
        make_folders(path, fields["directory_mode"])
    except OSError as error:
        if fields["format"] == "maildir":
            raise JobError(f"cannot create {path}", error.errno or 0) from error


def _subdirectories(path: str, fields: dict[str, Any]) -> None:
    for name in ("tmp", "new", "cur"):
        here = f"{path}/{name}"
        try:
            if not stat.S_ISDIR(os.stat(here).st_mode):
                raise JobError(f"{here} is not a directory", Errno.NOT_DIRECTORY)
        except FileNotFoundError:
            if not fields["create_directory"]:
                why = os.strerror(errno.ENOENT)
                raise JobError(f"stat() error for {path}: {why}", errno.ENOENT) from None
            try:
                make_folders(here, fields["directory_mode"])
            except OSError as error:
                raise JobError(f"cannot create {here}", error.errno or 0) from error
        except OSError as error:
            raise JobError(f"stat() error for {here}: {os.strerror(error.errno or 0)}", error.errno or 0) from error
    folder = fields["maildirfolder_create_regex"]
    if folder and expression(folder).search(path):
        marker = f"{path}/maildirfolder"
        try:
            os.close(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise JobError(f"cannot create {marker}", error.errno or 0) from error


def _quota_top(path: str, fields: dict[str, Any]) -> str:
    """Where sizes are added up: `quota_directory`, or above a Maildir++ folder."""
    if fields["quota_directory"]:
        return str(fields["quota_directory"])
    if fields["format"] == "maildir" and os.path.exists(f"{path}/maildirfolder"):
        return os.path.dirname(path.rstrip("/"))
    return path


class Usage:
    """How full the mailbox is before the message comes; found before its file is made."""

    def __init__(self, sizes: MaildirSize | None, size: int, files: int) -> None:
        self.sizes = sizes
        self.size = max(0, size)
        self.files = max(0, files)

    def close(self) -> None:
        if self.sizes is not None:
            self.sizes.close()


def with_quotas(path: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields without quotas for a folder that `maildir_quota_directory_regex` leaves out."""
    if not fields["maildir_use_size_file"] or _counted(path, _quota_top(path, fields), fields):
        return fields
    return {**fields, "maildir_use_size_file": False, "quota": 0, "quota_filecount": 0, "quota_warn": 0}


def usage_of(path: str, fields: dict[str, Any]) -> Usage:
    """Find it, as far as a quota needs it. Raises JobError."""
    quota_known = fields["quota"] > 0 or fields["quota_filecount"] > 0 or fields["quota_warn"] > 0
    top = _quota_top(path, fields)
    pattern = size_pattern(fields["quota_size_regex"])
    sizes: MaildirSize | None = None
    size, files = fields["mailbox_size"], fields["mailbox_filecount"]
    if fields["format"] == "maildir" and fields["maildir_use_size_file"]:
        sizes = open_sizes(top, fields, pattern)
        size = sizes.size if size < 0 else size
        files = sizes.files if files < 0 else files
    elif quota_known and (size < 0 or (files < 0 and fields["quota_filecount"] > 0)):
        found = directory_usage(top, pattern, count_folders=True)
        size = found[0] if size < 0 else size
        files = found[1] if files < 0 else files
    return Usage(sizes, size, files)


def _counted(path: str, top: str, fields: dict[str, Any]) -> bool:
    """A folder that the pattern leaves out has no part in quotas."""
    if path.rstrip("/") == top.rstrip("/"):
        return True
    relative = os.path.relpath(path, top)
    return expression(fields["maildir_quota_directory_regex"]).search(relative) is not None


def maildir(fields: dict[str, Any], fds: list[int]) -> Steps:
    """One message into the maildir `path`; it yields before it waits for the disk. Raises JobError."""
    path: str = fields["path"]
    _make(path, fields)
    _subdirectories(path, fields)
    fields = with_quotas(path, fields)
    usage = usage_of(path, fields)
    try:
        name, fd = _unique(path, fields)
    except BaseException:
        usage.close()
        raise
    temporary = f"{path}/{_TMP}/{name}"
    try:
        check(fields, usage.size, usage.files, f"{_TMP}/{name}")
        size = _write(fd, f"{_TMP}/{name}", fields, fds)
        begin_writing(fd)
        yield
        _synchronise(fd, f"{_TMP}/{name}")
        if fields["later"]:
            result = {"result": "written", "temporary": temporary, "name": name, "size": size}
        else:
            try:
                os.rename(temporary, f"{path}/new/{name}{fields['tag']}")
            except OSError as error:
                raise JobError(f"while renaming {_TMP}/{name} as new/{name}", error.errno or 0) from error
            # The spool forgets the message afterwards. On one file system both changes of names are in the order of
            # its journal; on two the new name must be durable first.
            if os.fstat(fd).st_dev != fields["spool_device"]:
                sync_directory(f"{path}/new")
            result = {"result": "delivered", "size": size, "file": f"new/{name}{fields['tag']}"}
        if usage.sizes is not None:
            usage.sizes.add(size)
    except BaseException:
        _remove(temporary)
        raise
    finally:
        os.close(fd)
        usage.close()
    result["warn"] = crossed(fields["quota_warn"], usage.size, size)
    return result


def _unique(path: str, fields: dict[str, Any]) -> tuple[str, int]:
    """A new file in tmp under a name that nobody else can choose: (name, descriptor). Raises JobError."""
    name = ""
    for attempt in range(max(1, fields["maildir_retries"])):
        if attempt > 2:
            time.sleep(2)  # not just another delivery of this process in the same microsecond
        now = unused_microsecond()
        name = f"{now // 1000000}.M{now % 1000000}P{os.getpid()}.{fields['host']}"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            fd = os.open(f"{path}/{_TMP}/{name}", flags, fields["mode"])
        except FileExistsError:
            continue
        except OSError as error:
            tries = fields["maildir_retries"]
            raise JobError(f"failed to open {_TMP}/{name} ({tries} tries)", error.errno or 0) from error
        os.fchmod(fd, fields["mode"])
        return name, fd
    raise JobError(f"failed to open {_TMP}/{name} ({fields['maildir_retries']} tries)", errno.EEXIST)


def _mailstore(path: str, fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    base = f"{path}/{fields['basename']}"
    made: list[str] = []
    usage = usage_of(path, fields)
    try:
        envelope = _new(f"{base}.tmp", fields, made)
        with os.fdopen(envelope, "wb") as file:
            file.write(fields["envelope"].encode("latin-1"))
            file.flush()
            os.fsync(file.fileno())
        fd = _new(f"{base}.msg", fields, made)
        try:
            check(fields, usage.size, usage.files, f"{base}.msg")
            size = _fill(fd, f"{base}.msg", fields, fds)
        finally:
            os.close(fd)
        os.rename(f"{base}.tmp", f"{base}.env")
        sync_directory(path)
    except BaseException:
        for name in made:
            _remove(name)
        raise
    return {
        "result": "delivered",
        "size": size,
        "file": f"{base}.msg",
        "warn": crossed(fields["quota_warn"], usage.size, size),
    }


def _plain(path: str, fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    temporary = f"{path.rstrip('/')}/temp.{os.getpid()}.{unused_microsecond() % 1000000000}.{fields['host']}"
    made: list[str] = []
    usage = usage_of(path, fields)
    fd = _new(temporary, fields, made)
    try:
        check(fields, usage.size, usage.files, temporary)
        size = _fill(fd, temporary, fields, fds)
        inode = os.fstat(fd).st_ino
    except BaseException:
        _remove(temporary)
        raise
    finally:
        os.close(fd)
    return {
        "result": "written",
        "temporary": temporary,
        "size": size,
        "inode": inode,
        "warn": crossed(fields["quota_warn"], usage.size, size),
    }


def _new(name: str, fields: dict[str, Any], made: list[str]) -> int:
    try:
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, fields["mode"])
    except OSError as error:
        raise JobError(f"while creating file {name}", error.errno or 0) from error
    made.append(name)
    os.fchmod(fd, fields["mode"])
    return fd


def _fill(fd: int, name: str, fields: dict[str, Any], fds: list[int]) -> int:
    """Write the message durably; how many bytes. Raises JobError."""
    written = _write(fd, name, fields, fds)
    _synchronise(fd, name)
    return written


def _write(fd: int, name: str, fields: dict[str, Any], fds: list[int]) -> int:
    written = 0
    try:
        for block in parts(fields, fds):
            write_all(fd, block)
            written += len(block)
    except OSError as error:
        raise _not_written(name, error) from error
    except FilterTimeout:
        raise JobError(f"error while writing to {name}", errno.ETIMEDOUT) from None
    except FilterFailure as failure:
        raise failure.while_writing(name) from None
    return written


def _synchronise(fd: int, name: str) -> None:
    try:
        os.fsync(fd)
    except OSError as error:
        raise _not_written(name, error) from error


def _not_written(name: str, error: OSError) -> JobError:
    if error.errno in (errno.EDQUOT, errno.ENOSPC):
        return JobError(
            f"mailbox is full (quota exceeded while writing to file {name})",
            error.errno,
            user_message="mailbox is full",
        )
    return JobError(f"error while writing to file {name}", error.errno or 0)


def finish(fields: dict[str, Any]) -> dict[str, Any]:
    """Give a written file its name, or remove it (`final` empty)."""
    temporary, final = fields["temporary"], fields["final"]
    if not final:
        _remove(temporary)
        return {"result": "removed"}
    try:
        if fields["untagged"]:
            try:
                os.rename(temporary, final)
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:
                    raise
                final = fields["untagged"]
                os.rename(temporary, final)
        else:
            _rename_new(temporary, final)
        sync_directory(os.path.dirname(final))
    except OSError as error:
        _remove(temporary)
        below = f"{fields['path']}/" if fields["untagged"] else ""
        names = f"{temporary.removeprefix(below)} as {final.removeprefix(below)}"
        raise JobError(f"while renaming {names}", error.errno or 0) from error
    return {"result": "delivered", "file": final}


def _rename_new(temporary: str, final: str) -> None:
    """Give a file a name that nothing has yet: `directory_file` may not be unique. Raises OSError."""
    try:
        os.link(temporary, final)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
            raise
        # a file system without links
        if os.path.lexists(final):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), final) from error
        os.rename(temporary, final)
    else:
        os.unlink(temporary)


def _remove(name: str) -> None:
    try:
        os.unlink(name)
    except OSError:
        pass
