"""The main log, the reject log, the panic log and the process log (manual 53).

Each line is one `write`, so that lines of several processes do not mix. A file that was renamed or removed is noticed
before the next write, so that log rotation needs no signal. Not the texts of the lines: see `logs.lines`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass, field
from eximia.base.folders import make_folders
from eximia.base.pattern import pattern
from eximia.base.text import system_name, to_bytes
from eximia.message.dates import log_day, zone

from .lines.events import IS_FROZEN
from .paths import Destination, file_name
from .selectors import Selectors

if TYPE_CHECKING:
    from typing import Self

    from eximia.message.header import Header

    from .system_log import SystemLog


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the configuration says about logs, with everything expanded."""

    destination: Destination
    selectors: Selectors = field(default_factory=Selectors)
    #: `log_timezone`
    with_zone: bool = False
    write_rejectlog: bool = True
    #: `syslog_duplication`, `syslog_timestamp`, `syslog_pid`
    syslog_duplication: bool = True
    syslog_timestamp: bool = True
    syslog_pid: bool = True
    #: where SIGUSR1 makes a process say what it does
    process_log_path: str = ""
    #: whose the files are, when we are root; and their modes (Exim's build-time LOG_MODE and LOG_DIRECTORY_MODE)
    uid: int = -1
    gid: int = -1
    file_mode: int = 0o640
    directory_mode: int = 0o750


class _File:
    """One open log file."""

    __slots__ = ("checked", "fd", "identity", "path")

    def __init__(self) -> None:
        self.fd = -1
        #: when its name was last found to be its own
        self.checked = 0.0
        self.path = ""
        self.identity = (0, 0)


#: recipients that the reject log shows of a message
_SHOWN = 5
_REWRITTEN = pattern(r'".*" from \S+ rewritten as ".*" by rule \d+$')
_QUEUE_RUN = pattern(r"(?:Start|End) (?:'[^']*' )?queue run:")


def needed_selector(text: str) -> str:
    """The selector without which the line would not be in the main log, as -v shows it."""
    if _QUEUE_RUN.match(text):
        return "queue_run "
    if _REWRITTEN.match(text):
        return "address_rewrite "
    if text == IS_FROZEN or text.endswith("is locked (another process is handling this message)"):
        return "skip_delivery "
    return "retry_defer " if text.endswith("retry time not reached") else ""


class Log:
    """The logs of one process.

    `stderr`: a descriptor that gets a copy of panic lines, or -1. `verbose` (-v, -d): it gets every entry, in the form
    "LOG: MAIN" and the indented text.
    """

    __slots__ = (
        "_files",
        "_now",
        "_pid",
        "_prefix",
        "_prefix_day",
        "_prefix_second",
        "_system",
        "recheck",
        "selectors",
        "settings",
        "stderr",
        "verbose",
    )

    def __init__(
        self,
        settings: LogSettings,
        *,
        now: Callable[[], float] = time.time,
        stderr: int = 2,
        verbose: bool = False,
        system_log: SystemLog | None = None,
    ) -> None:
        self.settings = settings
        self.selectors = settings.selectors
        self.stderr = stderr
        self.verbose = verbose
        #: seconds for which a log is believed to have its name still; a server sets it, because it writes many lines
        self.recheck = 0.0
        self._now = now
        self._system = system_log
        self._files = {"main": _File(), "reject": _File(), "panic": _File()}
        self._pid = ""
        self._prefix_second = -1
        self._prefix = ""
        self._prefix_day = ""
        self.forked()

    def forked(self) -> None:
        """Call in a new process that inherited this log."""
        self._pid = f" [{os.getpid()}]" if self.selectors.pid else ""

    def main(self, text: str, message_id: str = "") -> None:
        """One line of the main log."""
        if self.verbose:
            self._say(f"{needed_selector(text)}MAIN", text)
        self._write("main", self._line(text, message_id))

    def reject(
        self,
        text: str,
        message_id: str = "",
        *,
        main: bool = True,
        sender: str | None = None,
        recipients: Sequence[str] = (),
        headers: Iterable[Header] = (),
    ) -> None:
        """A rejection: to the reject log, and to the main log unless `main` is False.

        With `sender` not None the envelope and the header lines as received follow in the reject log, if the selector
        `rejected_header` is on.
        """
        if self.verbose:
            self._say("MAIN REJECT" if main else "REJECT", text)
        line = self._line(text, message_id)
        if main:
            self._write("main", line)
        if not self.settings.write_rejectlog:
            return
        if sender is not None and self.selectors.rejected_header:
            extra = [f"Envelope-from: <{sender}>\n"]
            if recipients:
                shown = [f"<{address}>" for address in recipients[:_SHOWN]]
                if len(recipients) > _SHOWN:
                    shown.append("...")
                extra.append("Envelope-to: " + "\n    ".join(shown) + "\n")
            extra += [f"{header.type} {header.text}" for header in headers]
            line += "".join(extra)
        self._write("reject", line, duplicate=main)

    def panic(self, text: str, message_id: str = "", *, main: bool = True) -> None:
        """Something serious: to the panic log and standard error, and to the main log unless `main` is False."""
        line = self._line(text, message_id)
        if main:
            self._write("main", line)
        self._write("panic", line, duplicate=main)
        if self.verbose:
            self._say("MAIN PANIC" if main else "PANIC", text)
        else:
            self._to_stderr(line)

    def process(self, doing: str) -> None:
        """Say in the process log what this process does: what `exiwhat` shows."""
        path = self.settings.process_log_path
        if not path:
            return
        fd = self._open(path)
        if fd >= 0:
            with os.fdopen(fd, "wb", 0) as file:
                file.write(f"{os.getpid():5d} {doing}\n".encode("latin-1", "replace"))

    def close(self) -> None:
        """Close the files; the next line opens them anew."""
        for file in self._files.values():
            if file.fd >= 0:
                os.close(file.fd)
                file.fd = -1

    def stamp(self) -> str:
        """The beginning of a line that is written now: date, time, process id, a space. Also for message logs."""
        now = self._now()
        second = int(now)
        if second != self._prefix_second:
            self._prefix_second = second
            t = time.localtime(second)
            self._prefix = f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d} {t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
            self._prefix_day = log_day(second)
        milli = f".{int((now - second) * 1000):03d}" if self.selectors.millisec else ""
        if self.settings.with_zone:
            milli += " " + zone(second)
        return f"{self._prefix}{milli}{self._pid} "

    def _say(self, where: str, text: str) -> None:
        self._to_stderr(f"LOG: {where}\n  {text}\n")

    def _line(self, text: str, message_id: str) -> str:
        if message_id:
            return f"{self.stamp()}{message_id} {text}\n"
        return f"{self.stamp()}{text}\n"

    def _write(self, kind: str, line: str, *, duplicate: bool = False) -> None:
        """`duplicate`: the same line goes to the main log too (`syslog_duplication`)."""
        destination = self.settings.destination
        if destination.syslog and not (duplicate and not self.settings.syslog_duplication):
            self._to_syslog(kind, line)
        if not destination.path:
            return
        file = self._files[kind]
        try:
            fd = self._current(file, kind)
            os.write(fd, line.encode("latin-1", "replace"))
        except OSError as error:
            self._failed(kind, file, line, error)

    def _current(self, file: _File, kind: str) -> int:
        """The descriptor of the log as it is named now."""
        path = file_name(self.settings.destination.path, kind, self._prefix_day)
        if file.fd >= 0:
            if path == file.path:
                now = self._now()
                if 0 <= now - file.checked < self.recheck:
                    return file.fd
                try:
                    status = os.stat(to_bytes(path))
                    if (status.st_dev, status.st_ino) == file.identity:
                        file.checked = now
                        return file.fd
                except FileNotFoundError:
                    pass
        file.path = path
        fd = self._open(path, raising=True)
        if file.fd < 0:
            file.fd = fd
        else:
            # The number stays: another thread may be about to write to it.
            os.dup2(fd, file.fd, inheritable=False)
            os.close(fd)
        status = os.fstat(file.fd)
        file.identity = (status.st_dev, status.st_ino)
        return file.fd

    def _open(self, path: str, *, raising: bool = False) -> int:
        """Open for appending; make the file, and its folder, when they are missing. -1 when that fails."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY
        try:
            with _AsOwner(self.settings.uid, self.settings.gid) as owner:
                try:
                    return os.open(to_bytes(path), flags)
                except FileNotFoundError:
                    return self._create(path, flags)
                except PermissionError:
                    if not owner.active:
                        raise
            return os.open(to_bytes(path), flags | os.O_NOFOLLOW)
        except OSError:
            if raising:
                raise
            return -1

    def _create(self, path: str, flags: int) -> int:
        mode = self.settings.file_mode
        try:
            fd = os.open(to_bytes(path), flags | os.O_CREAT, mode)
        except FileNotFoundError:
            make_folders(os.path.dirname(system_name(path)), self.settings.directory_mode)
            fd = os.open(to_bytes(path), flags | os.O_CREAT, mode)
        try:
            os.fchmod(fd, mode)
        except PermissionError:
            pass  # somebody else was faster and made it as theirs
        return fd

    def _failed(self, kind: str, file: _File, line: str, error: OSError) -> None:
        """A line could not be written where it belongs: do not lose it. Panic log, standard error, syslog."""
        complaint = self._line(
            f'Cannot open {kind} log file "{file.path}": {error.strerror}: euid={os.geteuid()} egid={os.getegid()}', ""
        )
        self._to_stderr(complaint)
        if kind != "panic":
            panic = self._files["panic"]
            try:
                os.write(self._current(panic, "panic"), (complaint + line).encode("latin-1", "replace"))
                return
            except OSError:
                pass
        self._to_stderr(line)
        self._to_syslog("panic", complaint)
        self._to_syslog(kind, line)

    def _to_stderr(self, line: str) -> None:
        if self.stderr >= 0:
            try:
                os.write(self.stderr, line.encode("latin-1", "replace"))
            except OSError:
                self.stderr = -1

    def _to_syslog(self, kind: str, line: str) -> None:
        if self._system is None:
            try:
                from .system_log import SystemLog
            except OSError:
                return  # not even a descriptor is free to read it

            self._system = SystemLog()
        text = line[:-1]
        if not self.settings.syslog_timestamp:
            _, _, rest = text.split(" ", 2)
            if self.settings.with_zone:
                rest = rest.partition(" ")[2]
            text = rest
        if self._pid and not self.settings.syslog_pid:
            text = text.replace(self._pid + " ", " ", 1) if self.settings.syslog_timestamp else text[len(self._pid) :]
        self._system.send(kind, text)


class _AsOwner:
    """While root opens a file in a folder of the mail user, be that user: nobody can then make root write
    elsewhere by a link planted there."""

    __slots__ = ("_gid", "_uid", "active")

    def __init__(self, uid: int, gid: int) -> None:
        self._uid = uid
        self._gid = gid
        self.active = uid > 0 and os.geteuid() == 0

    def __enter__(self) -> Self:
        if self.active:
            os.setegid(self._gid if self._gid >= 0 else os.getegid())
            os.seteuid(self._uid)
        return self

    def __exit__(self, *exc: object) -> None:
        if self.active:
            os.seteuid(0)
            os.setegid(0)


def null_log(selectors: Selectors | None = None) -> Log:
    """A log that goes nowhere, for address testing and for tests."""
    return Log(LogSettings(Destination("", syslog=False), selectors or Selectors()), stderr=-1)


class CheckingLog(Log):
    """The log of `-bh` and of address testing: entries go to standard error as "LOG: ..." and nowhere else."""

    __slots__ = ()

    def __init__(self, selectors: Selectors, *, with_zone: bool = False, stderr: int = 2) -> None:
        super().__init__(LogSettings(Destination("", syslog=False), selectors, with_zone=with_zone), stderr=stderr)

    def main(self, text: str, message_id: str = "") -> None:
        self._check(text, message_id)

    def reject(
        self,
        text: str,
        message_id: str = "",
        *,
        main: bool = True,
        sender: str | None = None,
        recipients: Sequence[str] = (),
        headers: Iterable[Header] = (),
    ) -> None:
        if main:
            self._check(text, message_id)

    def panic(self, text: str, message_id: str = "", *, main: bool = True) -> None:
        self._check(text, message_id)

    def _check(self, text: str, message_id: str) -> None:
        self._to_stderr(f"LOG: {message_id} {text}\n" if message_id else f"LOG: {text}\n")
