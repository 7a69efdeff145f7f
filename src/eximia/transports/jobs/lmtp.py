"""LMTP over a Unix socket or to a command (manual chapter 28, RFC 2033). `run` is the job `lmtp`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

from eximia.base.readiness import READABLE, WRITABLE, wait_for
from eximia.context.delivery import Errno
from eximia.protocols.smtp.client import (
    Capabilities,
    Envelope,
    MalformedReply,
    Recipient,
    Reply,
    ReplyReader,
    Transaction,
)
from eximia.transports.writer import ended, escaped, with_crlf

from .result import JobError
from .source import message_blocks

_BLOCK = 65536


def run(fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    """Deliver to `recipients` over `socket` or to the command `argv`. The answer has `each`: for every recipient
    `result`, `message`, `errno`, `more_errno`, `confirmation`; or it is a job error for all."""
    try:
        channel = _open(fields)
        try:
            return _Session(channel, fields).deliver(fds)
        finally:
            channel.close()
    except JobError as error:
        return error.as_fields()


class _Channel:
    """Two descriptors and the process behind them, if any."""

    def __init__(self, reader: int, writer: int, process: subprocess.Popen[bytes] | None, timeout: float) -> None:
        self.reader = reader
        self.writer = writer
        self.process = process
        self.timeout = timeout

    def send(self, data: bytes) -> None:
        """Raises OSError, TimeoutError."""
        view = memoryview(data)
        while view:
            if not wait_for(self.writer, WRITABLE, self.timeout):
                raise TimeoutError
            view = view[os.write(self.writer, view[:65536]) :]

    def receive(self) -> bytes:
        """Raises OSError, TimeoutError."""
        if not wait_for(self.reader, READABLE, self.timeout):
            raise TimeoutError
        return os.read(self.reader, 65536)

    def close(self) -> None:
        for fd in {self.reader, self.writer}:
            os.close(fd)
        process = self.process
        if process is None:
            return
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


def _open(fields: dict[str, Any]) -> _Channel:
    timeout = fields["timeout"]
    if fields["socket"]:
        path = fields["socket"]
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            sock.connect(path.encode("latin-1"))
        except OSError as error:
            sock.close()
            why = os.strerror(error.errno or 0)
            raise JobError(
                f"Failed to connect to socket {path} for {fields['transport']} transport: {why}", Errno.UNKNOWN
            ) from error
        fd = sock.detach()
        return _Channel(fd, fd, None, timeout)
    try:
        process = subprocess.Popen(
            [argument.encode("latin-1") for argument in fields["argv"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=fields["cwd"].encode("latin-1"),
            start_new_session=True,
        )
    except OSError:
        raise JobError("LMTP connection closed after initial connection", Errno.UNKNOWN) from None
    assert process.stdin is not None
    assert process.stdout is not None
    reader, writer = os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno())
    process.stdout.close()
    process.stdin.close()
    return _Channel(reader, writer, process, timeout)


class _Session:
    """One conversation."""

    def __init__(self, channel: _Channel, fields: dict[str, Any]) -> None:
        self.channel = channel
        self.fields = fields
        self.reader = ReplyReader()

    def deliver(self, fds: list[int]) -> dict[str, Any]:
        self._expect("initial connection", self._reply("initial connection"), Errno.UNKNOWN)
        hello = f"LHLO {self.fields['helo']}"
        self._send(hello.encode("latin-1") + b"\r\n", hello)
        answer = self._reply(hello)
        self._expect(hello, answer, Errno.UNKNOWN)
        peer = Capabilities.read(answer)
        fields = self.fields
        envelope = Envelope(
            fields["sender"],
            tuple(Recipient(address) for address in fields["recipients"]),
            ignore_quota=fields["ignore_quota"],
            dsn=False,
        )
        transaction = Transaction(self.reader, peer, envelope, lmtp=True, pipelining=peer.pipelining)
        trouble = self._converse(transaction, fds)
        if trouble is None:
            try:
                self.channel.send(b".\r\nQUIT\r\n" if transaction.refused_data_is_open else b"QUIT\r\n")
                if self.channel.process is not None:
                    self.channel.receive()  # a command should not find its output closed
            except OSError:
                pass
        return {"result": "each", "each": self._results(transaction, envelope, peer, trouble)}

    def _converse(self, transaction: Transaction, fds: list[int]) -> JobError | None:
        """Send the message; what broke the conversation, if anything did."""
        written = 0
        try:
            self.channel.send(transaction.start())
            while not transaction.finished:
                if transaction.data_due:
                    for block in self._data(fds):
                        self.channel.send(block)
                        written += len(block)
                    transaction.data_sent()
                    continue
                data = self.channel.receive()
                if not data:
                    return _closed(_plain(transaction.awaiting()))
                more = transaction.receive(data)
                if more:
                    self.channel.send(more)
        except MalformedReply as error:
            return _malformed(_plain(transaction.awaiting()), error)
        except TimeoutError:
            what = _plain(transaction.awaiting())
            return _timeout(f"{what} ({written} bytes written)" if written else what)
        except OSError:
            return _closed(_plain(transaction.awaiting()))
        except JobError as error:
            return error
        return None

    def _data(self, fds: list[int]) -> Iterator[bytes]:
        held = b""
        for block in with_crlf(escaped(ended(message_blocks(self.fields, fds)), b".", b"..")):
            held += block
            if len(held) >= _BLOCK:
                yield held
                held = b""
        yield held + b".\r\n"

    # Single commands

    def _send(self, data: bytes, what: str) -> None:
        try:
            self.channel.send(data)
        except TimeoutError:
            raise _timeout(what) from None
        except OSError:
            raise _closed(what) from None

    def _reply(self, what: str) -> Reply:
        try:
            while True:
                reply = self.reader.next()
                if reply is not None:
                    return reply
                data = self.channel.receive()
                if not data:
                    raise _closed(what)
                self.reader.feed(data)
        except MalformedReply as error:
            raise _malformed(what, error) from error
        except TimeoutError:
            raise _timeout(what) from None
        except OSError:
            raise _closed(what) from None

    def _expect(self, what: str, reply: Reply, errno: int) -> None:
        if reply.code // 100 != 2:
            self._send(b"QUIT\r\n", "QUIT")
            raise _error(what, reply, errno)

    # What it comes to

    def _results(
        self, transaction: Transaction, envelope: Envelope, peer: Capabilities, trouble: JobError | None
    ) -> list[dict[str, Any]]:
        each = []
        for index, recipient in enumerate(envelope.recipients):
            error: JobError | None = trouble
            end = transaction.end_replies.get(index)
            own = transaction.rcpt_replies[index]
            mail, data = transaction.mail_reply, transaction.data_reply
            if end is not None:
                if end.code // 100 == 2:
                    each.append({"result": "delivered", "confirmation": end.text})
                    continue
                error = _error("end of data", end, Errno.DATA_4XX)
            elif mail is not None and mail.code // 100 != 2:
                error = _error(f"MAIL FROM:<{envelope.sender}>", mail, Errno.MAIL_4XX)
            elif own is not None and own.code // 100 != 2:
                error = _error("".join(envelope.rcpt(recipient, peer)), own, Errno.RCPT_4XX)
            elif data is not None and data.code // 100 != 3:
                error = _error("DATA", data, Errno.DATA_4XX)
            each.append((error or _closed("end of data")).as_fields())
        return each


def _plain(what: str) -> str:
    return what.removeprefix("pipelined ")


def _error(what: str, reply: Reply, errno: int) -> JobError:
    text = f"LMTP error after {what}: {reply.text}"
    if reply.code // 100 == 5:
        return JobError(text, failed=True)
    more = (reply.code % 100) << 8 if errno < -1 else 0
    return JobError(text, errno, more_errno=more)


def _closed(what: str) -> JobError:
    return JobError(f"LMTP connection closed after {what}", Errno.UNKNOWN)


def _timeout(what: str) -> JobError:
    return JobError(f"LMTP timeout after {what}", Errno.UNKNOWN)


def _malformed(what: str, error: MalformedReply) -> JobError:
    if not error.line:
        return JobError(f"Malformed LMTP response (an empty line) after {what}", Errno.SMTP_FORMAT)
    return JobError(f"Malformed LMTP response after {what}: {error.line}", Errno.SMTP_FORMAT)
