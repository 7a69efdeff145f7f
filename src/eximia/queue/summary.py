"""What a listing of the queue shows of one message, read with as little work as possible.

Shared by `-bp` and the console. The files are the truth; nothing is kept between calls.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Set as AbstractSet

from eximia.base.dataclass import dataclass, field
from eximia.spool import Place, Spool, SpoolFormatError
from eximia.spool.brief import read_brief
from eximia.spool.header_file import SpoolHeader, read_header
from eximia.spool.journal import read_journal
from eximia.spool.locks import is_locked


@dataclass(slots=True)
class Summary:
    """One message of the queue. `error` says what is wrong with its files; then some fields may be empty."""

    id: str
    place: Place
    sender: str = ""
    #: the user who set the sender without being trusted to
    untrusted_user: str = ""
    received_time: int = 0
    #: bytes as transmitted; -1: the body is missing
    size: int = -1
    frozen: bool = False
    recipients: list[str] = field(default_factory=list)
    nonrecipients: AbstractSet[str] = frozenset()
    error: str = ""
    #: the envelope was readable
    readable: bool = True

    def fill(self, header: SpoolHeader) -> None:
        """Take what the header file tells; `size` needs the body, too."""
        self.sender = header.sender
        self.received_time = header.received_time
        self.frozen = header.frozen >= 0
        self.recipients = [recipient.address for recipient in header.recipients]
        self.nonrecipients = header.nonrecipients
        if header.sender_set_untrusted:
            self.untrusted_user = header.login

    @property
    def undelivered(self) -> list[str]:
        return [address for address in self.recipients if address not in self.nonrecipients]


def summarize(spool: Spool, message_id: str, place: Place, *, journal: bool = True) -> Summary:
    """Read what a listing needs. `journal` False: there is none, do not look.

    Raises FileNotFoundError when there is no `-H` file, or one that is just being written.
    """
    base = f"{spool.folder(place)}/{message_id}"
    fd = os.open(f"{base}-H", os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(fd, 16384)
        if len(data) == 16384:
            data += os.read(fd, os.fstat(fd).st_size)
    finally:
        os.close(fd)
    text = data.decode("latin-1")
    summary = Summary(message_id, place)
    try:
        brief = read_brief(text, message_id)
    except (ValueError, IndexError):
        if is_locked(f"{base}-D", message_id):
            # New messages are written under their names, and are locked meanwhile.
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None
        header_bytes = _damaged(text, summary)
        if not summary.readable:
            return summary
    else:
        summary.sender = brief.sender
        summary.received_time = brief.received_time
        summary.frozen = brief.frozen
        summary.recipients = brief.recipients
        summary.nonrecipients = brief.nonrecipients
        if brief.sender_set_untrusted:
            summary.untrusted_user = brief.login
        header_bytes = brief.header_bytes
    try:
        summary.size = header_bytes + 1 + max(0, os.stat(f"{base}-D").st_size - len(message_id) - 3)
    except FileNotFoundError:
        pass
    if journal:
        summary.nonrecipients = summary.nonrecipients | read_journal(f"{base}-J")
    return summary


def _damaged(text: str, summary: Summary) -> int:
    """Fill in what can be read of an unusual file; the bytes of its header lines."""
    try:
        header = read_header(text, summary.id, sizes_only=True)
    except SpoolFormatError as error:
        summary.error = f"spool format error: size={error.size}"
        if error.partial is None:
            summary.readable = False
            return 0
        header = error.partial
    summary.fill(header)
    return header.header_bytes
