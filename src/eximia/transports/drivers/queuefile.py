"""The queuefile transport (features row 21): the message's spool files, copied into a directory.

The pair can be moved into the `input` folder of a spool and delivered from there. Generic transport options have no
effect. It is done as the user who owns the spool.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.base.text import is_tainted
from eximia.context.delivery import Errno, Outcome, Result
from eximia.transports.local import give_all
from eximia.transports.smtp.failure import Failure, Fault
from eximia.transports.strings import expand

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Batch


class Queuefile:
    """One transport with `driver = queuefile`."""

    local = True

    def __init__(self, name: str, options: Any) -> None:
        self.name = name
        self.options = options

    def deliver(self, ctx: Context, batch: Batch) -> None:
        """Give every address of the batch an outcome."""
        directory = self._directory(ctx)
        spool = ctx.process.spool
        message_id = ctx.message.id
        place = spool.find_header(message_id, ctx.message.queue_name)
        sources: list[tuple[str, str | bytes]]
        if place is None:  # it has just come, and is kept elsewhere until this attempt is over
            sources = files_of(ctx)
        else:
            sources = [(suffix, spool.path(message_id, suffix, place)) for suffix in ("-D", "-H")]
        try:
            ctx.process.ports.blocking(copy_pair, sources, directory, message_id)
        except OSError as error:
            name = os.fsdecode(error.filename2 or error.filename or directory)
            raise Failure(
                f"{self.name} transport could not copy spool files: {name}", error.errno or 0, Fault.LOCAL
            ) from error
        give_all(batch, Outcome(Result.DELIVERED, size=ctx.message.size, file_name=f"{directory}/{message_id}-H"))

    def _directory(self, ctx: Context) -> str:
        template = self.options.directory
        if template is None:
            raise self._problem("directory option missing")
        try:
            directory = expand(template, ctx)
        except ExpansionError as error:
            raise self._problem(f'failed to expand "{template.text}" (directory): {error.message}') from error
        if is_tainted(directory):
            raise self._problem(f"Tainted '{directory}' (directory) not permitted")
        if not directory.startswith("/"):
            raise Failure(
                f'{self.name} transport: directory "{directory}" is not absolute', Errno.NOT_ABSOLUTE, Fault.LOCAL
            )
        return directory.rstrip("/") or "/"

    def _problem(self, text: str) -> Failure:
        return Failure(f"{self.name} transport: {text}", Errno.UNKNOWN, Fault.LOCAL, panic=True)


def files_of(ctx: Context) -> list[tuple[str, str | bytes]]:
    """What the spool files of a message in memory would hold."""
    from eximia.spool.header_file import write_header
    from eximia.spool.snapshot import to_header

    message = ctx.message
    header = to_header(message, ctx.session, primary_hostname=ctx.process.primary_hostname)
    body = f"{message.id}-D\n".encode("ascii") + message.body.read()
    return [("-D", body), ("-H", write_header(header).encode("latin-1"))]


def copy_pair(sources: Sequence[tuple[str, str | bytes]], directory: str, message_id: str) -> None:
    """Put both files, given by their paths or contents, into `directory`: hard links where possible, else copies;
    complete before they have their names, `-D` before `-H`. Nothing stays behind when it fails. Raises OSError."""
    temporary = [(f"{directory}/{message_id}{suffix}.{os.getpid()}.tmp", source) for suffix, source in sources]
    named: list[str] = []
    try:
        for name, source in temporary:
            if isinstance(source, bytes):
                _write(source, name)
            else:
                _link_or_copy(source, name)
        for (suffix, _), (name, _) in zip(sources, temporary, strict=True):
            final = f"{directory}/{message_id}{suffix}"
            os.rename(name, final)
            named.append(final)
    except OSError:
        for name in [*named, *(name for name, _ in temporary)]:
            try:
                os.unlink(name)
            except OSError:
                continue
        raise
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _write(content: bytes, name: str) -> None:
    with open(name, "xb") as target:
        os.fchmod(target.fileno(), 0o640)
        target.write(content)
        target.flush()
        os.fsync(target.fileno())


def _link_or_copy(path: str, name: str) -> None:
    try:
        os.link(path, name)
        return
    except FileNotFoundError:
        raise
    except OSError:
        pass  # another file system, or one without links
    with open(path, "rb") as source, open(name, "xb") as target:
        os.fchmod(target.fileno(), os.fstat(source.fileno()).st_mode & 0o777)
        shutil.copyfileobj(source, target, 1 << 18)
        target.flush()
        os.fsync(target.fileno())
