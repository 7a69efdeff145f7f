"""The spool directory: where the files of a message are, finding, listing, locking, changing and removing them.

Layout (manual chapters 3.6, 48, 57): `input` and `msglog` under the spool directory, or under `<queue name>/` for named
queues; with `split_spool_directory` in sub-folders named by the sixth character of the id. Messages are found in either
layout. New messages are written by `spool.durable`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Self

from eximia.base.dataclass import dataclass
from eximia.base.errors import SpoolError
from eximia.base.folders import make_owned_folder
from eximia.base.writing import write_all
from eximia.message.ids import DIGITS, ids_among, is_message_id

from .header_file import SpoolHeader, read_header, write_header
from .journal import read_journal
from .locks import try_lock
from .owner import umask

if TYPE_CHECKING:
    from eximia.base.steps import Steps

    from .arrivals import ArrivalLog
    from .durable import Arrival

INPUT: Final = "input"
MSGLOG: Final = "msglog"
#: where `move_frozen_messages` puts them
FROZEN_INPUT: Final = "Finput"
FROZEN_MSGLOG: Final = "Fmsglog"


class MessageNotFoundError(SpoolError):
    """There is no `-D` file of that message."""

    def __init__(self, message_id: str, queue: str = "") -> None:
        super().__init__(f"Spool{f' Q={queue}' if queue else ''} file {message_id}-D not found")


class UnreadableMessageError(SpoolError):
    """The system does not let us read the `-H` file; `why` is its text, `gone` that there is none."""

    def __init__(self, message_id: str, error: OSError) -> None:
        self.why = error.strerror or str(error)
        self.gone = isinstance(error, FileNotFoundError)
        super().__init__(f"Error reading spool file {message_id}-H: {self.why}")


class MessageLockedError(SpoolError):
    """Another process, or another session of this one, works on the message."""

    def __init__(self, message_id: str) -> None:
        super().__init__(f"Spool file for {message_id} is locked (another process is handling this message)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is: its queue ("" is the default one) and the sub-folder of a split spool ("" or one letter)."""

    queue: str = ""
    subdirectory: str = ""


class LockedMessage:
    """A message whose lock we hold. `fd` is its `-D` file, open for reading and writing.

    A context manager; leaving it closes the file and so gives up the lock. `read` gives the header with what the
    journal knows added to the non-recipients.
    """

    __slots__ = ("fd", "id", "place", "spool")

    def __init__(self, spool: Spool, message_id: str, place: Place, fd: int) -> None:
        self.spool = spool
        self.id = message_id
        self.place = place
        self.fd = fd

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def dismiss(self, *, final: bool) -> bool:
        """The message is done: forget it without waiting, if that is possible (`spool.arrivals`). `final` False:
        a power cut may still undo something that was done (a new name in a mailbox)."""
        return False

    def queue(self, log: str) -> bool:
        """Leave a message that has no files yet, with that text for its message log, to who makes files in company
        (`spool.arrivals`); then it is ours no more. False: it has files, or somebody is making them."""
        return False

    def to_files(self) -> None:
        """Be sure that the message has its files: what follows works with them. Raises OSError."""

    def path(self, suffix: str) -> str:
        """Of the message's file with that suffix ("-D", "-H", "-J"...)."""
        return self.spool.path(self.id, suffix, self.place)

    @property
    def log_path(self) -> str:
        return self.spool.path(self.id, "", self.place, MSGLOG)

    @property
    def body_offset(self) -> int:
        """Where the body begins in the `-D` file: after the line with the file's name."""
        return len(self.id) + len("-D\n")

    def body_size(self) -> int:
        return max(0, os.fstat(self.fd).st_size - self.body_offset)

    def read(self) -> SpoolHeader:
        """Raises SpoolFormatError, FileNotFoundError and other OSErrors."""
        header = self.spool.read(self.id, self.place)
        header.nonrecipients.update(read_journal(self.path("-J")))
        return header

    def remember(self, header: SpoolHeader) -> bool:
        """The files could not be written: if the message has none yet, they are to have this when they are made. False:
        it has files."""
        return False

    def write(self, header: SpoolHeader) -> None:
        """Replace the `-H` file, durably. Raises OSError."""
        self.spool.replace_header(header, self.place)

    def remove(self, *, keep_log: bool = False) -> None:
        """Delete all files of the message; `keep_log` for `preserve_message_logs`."""
        self.spool.remove(self.id, self.place, keep_log=keep_log)


class Spool:
    """The spool directory of one program. `uid` and `gid` own the files (-1: whoever we are)."""

    __slots__ = (
        "_device",
        "_umask_matters",
        "arrivals",
        "directory",
        "directory_mode",
        "file_mode",
        "gid",
        "split",
        "uid",
    )

    def __init__(
        self,
        directory: str,
        *,
        split: bool = False,
        uid: int = -1,
        gid: int = -1,
        file_mode: int = 0o640,
        directory_mode: int = 0o750,
    ) -> None:
        self.directory = directory
        self.split = split
        #: where messages go that are delivered at once; None: into files, as all others
        self.arrivals: ArrivalLog | None = None
        self._device: int | None = None
        self.uid = uid
        self.gid = gid
        self.file_mode = file_mode
        self.directory_mode = directory_mode
        self._umask_matters = bool(umask() & file_mode)

    @property
    def device(self) -> int:
        """The number of the file system that the spool is on."""
        if self._device is None:
            self._device = os.stat(self.directory).st_dev
        return self._device

    # Names

    def folder(self, place: Place = Place(), kind: str = INPUT) -> str:
        """The folder that holds the files of messages at `place`."""
        path = f"{self.directory}/{place.queue}/{kind}" if place.queue else f"{self.directory}/{kind}"
        return f"{path}/{place.subdirectory}" if place.subdirectory else path

    def path(self, message_id: str, suffix: str, place: Place = Place(), kind: str = INPUT) -> str:
        """The name of a file of a message."""
        return f"{self.folder(place, kind)}/{message_id}{suffix}"

    def place_for(self, message_id: str, queue: str = "") -> Place:
        """Where a new message goes."""
        return Place(queue, message_id[5] if self.split else "")

    def make_folder(self, path: str) -> None:
        """Make a folder of the spool, with those above it, as ours."""
        above = os.path.dirname(path)
        if above and not os.path.isdir(above):
            self.make_folder(above)
        if self.uid >= 0 and os.geteuid() == 0:
            make_owned_folder(path, self.directory_mode, self.uid, self.gid)
            return
        try:
            os.mkdir(path, self.directory_mode)
        except FileExistsError:
            return
        # Whoever owns the folder above may have put a link in its place already.
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fchmod(fd, self.directory_mode)
        finally:
            os.close(fd)

    # Finding

    def find(self, message_id: str, queue: str = "") -> Place | None:
        """Where the `-D` file of a message is, in the layout that is set or the other one; None: nowhere."""
        return self._find(message_id, queue, "-D")

    def find_header(self, message_id: str, queue: str = "") -> Place | None:
        """The same for the `-H` file."""
        return self._find(message_id, queue, "-H")

    def _find(self, message_id: str, queue: str, suffix: str) -> Place | None:
        if not is_message_id(message_id):
            return None
        own = message_id[5]
        for subdirectory in (own, "") if self.split else ("", own):
            place = Place(queue, subdirectory)
            if os.path.exists(self.path(message_id, suffix, place)):
                return place
        return None

    def queues(self) -> list[str]:
        """The names of the named queues that exist, sorted."""
        found = []
        with os.scandir(self.directory) as entries:
            for entry in entries:
                if entry.name not in {INPUT, MSGLOG, "db", "scan", "log"} and entry.is_dir(follow_symlinks=False):
                    if os.path.isdir(f"{entry.path}/{INPUT}"):
                        found.append(entry.name)
        return sorted(found)

    def places(self, queue: str = "") -> list[Place]:
        """The folders of a queue that may hold messages: the undivided one first, then the sub-folders that exist."""
        top = Place(queue)
        folder = self.folder(top)
        try:
            # Most file systems count the sub-folders in the links (others say 1): no need to read a long folder.
            if os.stat(folder).st_nlink == 2:
                return [top]
        except FileNotFoundError:
            return []
        return [top, *[Place(queue, letter) for letter in DIGITS if os.path.isdir(f"{folder}/{letter}")]]

    def ids_at(self, place: Place) -> list[str]:
        """The ids of the messages in one folder, in no order."""
        try:
            names = os.listdir(self.folder(place))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return ids_among([name[:-2] for name in names if name[-2:] == "-H"])

    def messages(self, queue: str = "") -> Iterator[tuple[str, Place]]:
        """All messages of a queue, folder by folder, in no order."""
        for place in self.places(queue):
            for message_id in self.ids_at(place):
                yield message_id, place

    def count(self, queue: str = "") -> int:
        """How many messages a queue holds."""
        return sum(len(self.ids_at(place)) for place in self.places(queue))

    # Reading and changing

    def read(self, message_id: str, place: Place = Place()) -> SpoolHeader:
        """The `-H` file. Raises SpoolFormatError, OSError."""
        with open(self.path(message_id, "-H", place), "rb") as file:
            return read_header(file.read().decode("latin-1"), message_id)

    def lock(self, message_id: str, queue: str = "") -> LockedMessage:
        """Open and lock a message. Raises MessageNotFoundError, MessageLockedError, OSError."""
        place = self.find(message_id, queue)
        if place is None:
            raise MessageNotFoundError(message_id, queue)
        path = self.path(message_id, "-D", place)
        try:
            fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise MessageNotFoundError(message_id, queue) from None
        try:
            if not try_lock(fd, message_id):
                raise MessageLockedError(message_id)
            # Between opening and locking the holder may have finished with the message and removed it, or moved it.
            if not _is_at(fd, path):
                raise MessageNotFoundError(message_id, queue)
        except BaseException:
            os.close(fd)
            raise
        return LockedMessage(self, message_id, place, fd)

    def write_files(self, arrival: Arrival) -> None:
        """Write a new message, not yet durably: see `spool.durable.write_files`. Raises OSError."""
        from .durable import write_files

        write_files(self, arrival)

    def commit_in_steps(self, batch: Sequence[Arrival]) -> Steps[list[LockedMessage | OSError]]:
        """Make new messages durable: see `spool.durable`. For the port `together`."""
        from .durable import commit_in_steps

        return (yield from commit_in_steps(self, batch))

    def commit(self, batch: Sequence[Arrival]) -> list[LockedMessage | OSError]:
        """The same, waiting."""
        from .durable import commit

        return commit(self, batch)

    def remove_done(self, batch: Sequence[LockedMessage]) -> list[OSError | None]:
        """Remove finished messages and give up their locks. For the port `together`."""
        results: list[OSError | None] = []
        for message in batch:
            try:
                message.remove()
                message.close()
                results.append(None)
            except OSError as error:
                results.append(error)
        return results

    def replace_header(self, header: SpoolHeader, place: Place) -> None:
        """Write the `-H` file anew: under another name, made durable, then renamed. Raises OSError."""
        folder = self.folder(place)
        temporary = f"{folder}/hdr.{header.id}"
        self.write_file(temporary, write_header(header).encode("latin-1"))
        try:
            os.rename(temporary, f"{folder}/{header.id}-H")
        except BaseException:
            os.unlink(temporary)
            raise
        sync_folder(folder)

    def write_file(self, path: str, data: bytes) -> None:
        """Write a whole file and make it durable (not its name). Raises OSError; then nothing is left behind."""
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, self.file_mode)
        try:
            self.own(fd)
            write_all(fd, data)
            os.fsync(fd)
        except BaseException:
            os.unlink(path)
            raise
        finally:
            os.close(fd)

    def own(self, fd: int) -> None:
        """Give a new file the mode and owner that files of the spool have."""
        if self._umask_matters:
            os.fchmod(fd, self.file_mode)
        if self.uid >= 0 and os.geteuid() == 0:
            os.fchown(fd, self.uid, self.gid)

    def remove(self, message_id: str, place: Place = Place(), *, keep_log: bool = False) -> None:
        """Delete the files of a message: first what makes it a message of the queue, the journal after that."""
        if not keep_log:
            remove_file(self.path(message_id, "", place, MSGLOG))
        for suffix in ("-H", "-D", "-J"):
            remove_file(self.path(message_id, suffix, place))

    def move(self, message_id: str, place: Place, queue: str) -> Place:
        """Move a message to another queue: the rest of it is linked there first, then its `-H` file moves, so that at
        every moment there is one whole message. The caller holds the lock. Raises OSError.
        """
        target = self.place_for(message_id, queue)
        self._move(message_id, place, target, INPUT, MSGLOG)
        return target

    def set_aside(self, message_id: str, place: Place) -> None:
        """Move a frozen message out of the queue (`move_frozen_messages`). The caller has the lock. Raises OSError."""
        self._move(message_id, place, place, FROZEN_INPUT, FROZEN_MSGLOG)

    def _move(self, message_id: str, place: Place, target: Place, input_kind: str, log_kind: str) -> None:
        for kind in (input_kind, log_kind):
            self.make_folder(self.folder(target, kind))
        names = (("-D", INPUT, input_kind), ("-J", INPUT, input_kind), ("", MSGLOG, log_kind))
        for suffix, kind, new in names:
            here, there = self.path(message_id, suffix, place, kind), self.path(message_id, suffix, target, new)
            try:
                if suffix != "-D":
                    remove_file(there)  # a move that was interrupted left it, and what is here went on
                os.link(here, there)
            except FileNotFoundError:
                if suffix == "-D":
                    raise
            except FileExistsError:
                if not os.path.samefile(here, there):
                    raise
        sync_folder(self.folder(target, input_kind))
        os.rename(self.path(message_id, "-H", place), self.path(message_id, "-H", target, input_kind))
        sync_folder(self.folder(target, input_kind))
        for suffix, kind, _ in reversed(names):
            remove_file(self.path(message_id, suffix, place, kind))

    def free_space(self, queue: str = "") -> tuple[int, int]:
        """(free kilobytes, free inodes) of the file system; -1 where it does not say. For `check_spool_space`."""
        return free_space(self.folder(Place(queue)) if os.path.isdir(self.folder(Place(queue))) else self.directory)


def _is_at(fd: int, path: str) -> bool:
    """Whether the open file still has that name."""
    try:
        named = os.lstat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(fd))


def free_space(path: str) -> tuple[int, int]:
    """(free kilobytes, free inodes) at `path`; -1 where the file system does not say. Raises OSError."""
    status = os.statvfs(path)
    inodes = status.f_favail if status.f_files else -1
    return status.f_bavail * status.f_frsize // 1024, inodes


def sync_folder(path: str) -> None:
    """Make the names in a folder durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_file(path: str) -> None:
    """Delete a file that may not be there. Raises OSError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
