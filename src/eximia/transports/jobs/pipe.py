"""Running a command with the message on its standard input (manual chapter 29). `run` is the job `pipe`."""

from __future__ import annotations

import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

from .filter import FilterFailure, FilterTimeout
from .result import JobError
from .source import message_blocks

#: how much of the output is read at once: by so much the limit may be exceeded
_READ = 16384
_TOO_MUCH = b"\n\n*** Too much output - remainder discarded ***\n"


def run(fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    """Run `argv` with environment `env` in `cwd`. The answer: `status` (exit code, or minus the signal), `output`
    (text), `timed_out`, with `filter_late` when it was the transport filter; or a job error (transport filter). The
    status is 127 when the command could not be started, as with a shell."""
    try:
        return _run(fields, fds)
    except FilterTimeout:
        return {"status": 0, "output": "", "timed_out": True, "filter_late": True}
    except FilterFailure as failure:
        return failure.of_pipe().as_fields()
    except JobError as error:
        return error.as_fields()


def _blocks(fields: dict[str, Any], fds: list[int]) -> Iterator[bytes]:
    if fields["prefix"]:
        yield fields["prefix"].encode("latin-1")
    yield from message_blocks(fields, fds)
    if fields["suffix"]:
        yield fields["suffix"].encode("latin-1")


def _run(fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    try:
        process = subprocess.Popen(
            [argument.encode("latin-1") for argument in fields["argv"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={name.encode("latin-1"): value.encode("latin-1") for name, value in fields["env"]},
            cwd=fields["cwd"].encode("latin-1"),
            start_new_session=True,
            umask=fields["umask"],
        )
    except OSError:
        return {"status": 127, "output": "", "timed_out": False}
    if not fields["permit_coredump"]:
        try:
            resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
        except OSError:
            pass  # it is over already
    conversation = _Conversation(process, fields)
    try:
        return conversation.hold(_blocks(fields, fds))
    finally:
        conversation.end()


class _Conversation:
    """The message goes in while output is read."""

    def __init__(self, process: subprocess.Popen[bytes], fields: dict[str, Any]) -> None:
        self.process = process
        self.limit = fields["max_output"]
        timeout = fields["timeout"]
        self.deadline = time.monotonic() + timeout if timeout else None
        self.output = bytearray()
        self.overflowed = False

    def hold(self, blocks: Iterator[bytes]) -> dict[str, Any]:
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        timed_out = not self._talk(process.stdin.fileno(), process.stdout.fileno(), blocks)
        if not timed_out:
            try:
                process.wait(None if self.deadline is None else max(0.0, self.deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                timed_out = True
        if timed_out:
            self.kill()
            process.wait()
        return {
            "status": process.returncode,
            "output": self.output.decode("latin-1"),
            "timed_out": timed_out,
        }

    def _talk(self, writer: int, reader: int, blocks: Iterator[bytes]) -> bool:
        """Feed and read until the command closes its output; False when time ran out."""
        os.set_blocking(writer, False)
        waiting = memoryview(b"")
        with selectors.DefaultSelector() as selector:
            selector.register(reader, selectors.EVENT_READ)
            selector.register(writer, selectors.EVENT_WRITE)
            while True:
                left = None if self.deadline is None else self.deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                for key, _ in selector.select(left):
                    if key.fd == reader:
                        data = os.read(reader, _READ)
                        if not data:
                            return True
                        self._keep(data)
                        continue
                    if not waiting:
                        waiting = memoryview(next(blocks, b""))
                    try:
                        waiting = waiting[os.write(writer, waiting) :] if waiting else waiting
                    except BlockingIOError:
                        continue
                    except BrokenPipeError:
                        # A command need not read all of the message.
                        waiting, blocks = memoryview(b""), iter(())
                    if not waiting:
                        waiting = memoryview(next(blocks, b""))
                        if not waiting:
                            selector.unregister(writer)
                            assert self.process.stdin is not None
                            self.process.stdin.close()

    def _keep(self, data: bytes) -> None:
        """Keep output; a command that writes too much is killed."""
        if self.overflowed:
            return
        self.output += data
        if len(self.output) > self.limit:
            self.overflowed = True
            self.output += _TOO_MUCH
            self.kill()

    def kill(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def end(self) -> None:
        if self.process.poll() is None:
            self.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except OSError:
                    pass
