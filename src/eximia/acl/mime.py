"""Running the MIME ACL for each part of a message (manual 45.4)."""

from __future__ import annotations

import os

from eximia.base.template import Template
from eximia.base.text import name_text, system_name
from eximia.context import Context
from eximia.message.mime import MOST_PARTS, MimePart, TooManyParts, decode, walk
from eximia.scan.mbox import directory_of, whole_message

from .engine import run
from .phases import Phase
from .result import AclResult, Outcome

#: attached messages inside attached messages; deeper ones are not looked into
_MOST_NESTING = 20


class MimeScan:
    """What the MIME conditions need of the message being looked at: `ctx.message.notes["mime"]`.

    `data` is the message's text that `part` points into; files that were written are removed by `finish`.
    """

    __slots__ = ("data", "decoded", "directory", "files", "part", "prefix", "written")

    def __init__(self, directory: str, prefix: str) -> None:
        self.data = b""
        self.part: MimePart | None = None
        #: the decoded part, when it has been decoded
        self.decoded: bytes | None = None
        self.directory = directory
        self.prefix = prefix
        self.written = 0
        self.files: list[str] = []

    def decoded_part(self) -> bytes:
        """The part's content; decoded once."""
        assert self.part is not None
        if self.decoded is None:
            self.decoded = decode(self.part, self.data)
        return self.decoded

    def write(self, directory: str, name: str = "") -> str:
        """Write the decoded part below `directory` (made if it is the default one); the file's path."""
        content = self.decoded_part()
        if directory == self.directory:
            os.makedirs(directory, 0o750, exist_ok=True)
        if not name:
            name = f"{self.prefix}-{self.written:05d}"
            self.written += 1
        ours = directory == self.directory
        path = os.path.join(directory, name) if ours else system_name(os.path.join(directory, name))
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o640), "wb") as file:
            file.write(content)
        if ours:
            self.files.append(path)
        assert self.part is not None
        self.part.decoded_filename = path if path.isascii() else name_text(path)
        self.part.content_size = (len(content) + 1023) // 1024
        return path

    def finish(self) -> None:
        """Remove what was written into the default directory."""
        for path in self.files:
            try:
                os.unlink(path)
            except OSError:
                continue
        try:
            os.rmdir(self.directory)
        except OSError:
            return


def run_mime(ctx: Context, phase: Phase, source: Template | None) -> AclResult:
    """Run the ACL for every part, then for the parts of attached messages; the first that does not accept ends it.

    A message without a Content-Type header line has no parts. One with too many parts is refused: some would not be
    looked at.
    """
    accepted = AclResult(Outcome.ACCEPT)
    message = ctx.message
    if source is None or not any(
        header.text[:13].lower() == "content-type:" for header in message.headers if not header.deleted
    ):
        return accepted
    directory = directory_of(ctx)
    scan = MimeScan(directory, message.id)
    message.notes["mime"] = scan
    waiting: list[tuple[bytes, int]] = [(whole_message(ctx), 0)]
    last: MimePart | None = None
    count = -1
    left = MOST_PARTS
    try:
        while waiting:
            data, nesting = waiting.pop(0)
            parts = walk(data, is_rfc822=nesting > 0, most=left)
            left -= len(parts)
            for part in parts:
                scan.data, scan.part, scan.decoded = data, part, None
                message.mime = last = part
                if not nesting:
                    count = part.part_count
                result = run(ctx, phase, source)
                if result.outcome is not Outcome.ACCEPT:
                    return result
                if part.content_type == "message/rfc822" and nesting < _MOST_NESTING:
                    waiting.append((scan.decoded_part(), nesting + 1))
        return accepted
    except TooManyParts:
        return AclResult(Outcome.DENY, "Too many MIME parts", "too many MIME parts")
    finally:
        message.mime = _afterwards(last, count)
        del message.notes["mime"]
        if not message.no_mbox_unspool:
            scan.finish()


def _afterwards(part: MimePart | None, count: int) -> MimePart | None:
    """What the variables show when all parts have been looked at: the last one, without what its header and content
    said, and the number of the message's own parts."""
    if part is not None:
        part.part_count = count
        part.anomaly_level = part.content_size = 0
        part.anomaly_text = part.boundary = part.decoded_filename = ""
        part.is_multipart = False
        part.charset = part.content_description = part.content_disposition = part.content_id = ""
        part.content_transfer_encoding = part.content_type = part.filename = ""
    return part
