"""One message over an open session (RFC 5321 3.3; manual 30.4 on timeouts, chunking and sizes).

The fast path is a small message to a server with PIPELINING: one write and one or two reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from eximia.base.errors import NetworkError
from eximia.protocols.smtp.client import Envelope, MalformedReply, Transaction
from eximia.protocols.smtp.client.transaction import END, END_RCPT, MAIL, OVERALL, RCPT
from eximia.transports.writer import BLOCK, wire_blocks, wire_message, with_crlf

from .early import confirm
from .failure import Failure, Fault, closed, malformed, network

if TYPE_CHECKING:
    from .connection import Connection
    from .held import Held

_END = frozenset({END, END_RCPT, OVERALL})


class Content:
    """The message to send: header text and body, LF line ends. `small` bodies are whole in memory."""

    __slots__ = ("blocks", "body", "header", "signed", "unchunked", "wire")

    def __init__(
        self,
        header: str,
        body: bytes | None,
        blocks: Iterable[bytes] | None = None,
        wire: Iterable[bytes] | None = None,
        signed: str = "",
        *,
        unchunked: bool = False,
    ) -> None:
        self.header = header
        #: `domain:selector` of the DKIM signatures in `header`
        self.signed = signed
        #: the body when it is small
        self.body = body
        #: the body otherwise
        self.blocks = blocks
        #: it comes from a transport filter: no BDAT (manual 30.4, `hosts_try_chunking`)
        self.unchunked = unchunked
        #: the body as it goes after BDAT, when the spool keeps it so
        self.wire = wire

    def whole(self, *, stuffed: bool) -> bytes | None:
        """All of it in SMTP's form, when it is small."""
        if self.body is None:
            return None
        if not stuffed and self.wire is not None:
            return b"".join(self.pieces(stuffed=False))
        return wire_message(self.header, self.body, stuffed=stuffed)

    def pieces(self, *, stuffed: bool) -> Iterator[bytes]:
        """The same in blocks, for any size."""
        if not stuffed and self.wire is not None:
            yield from with_crlf([self.header.encode("latin-1")])
            yield from self.wire
            return
        blocks: Iterable[bytes] = self.blocks if self.blocks is not None else [self.body or b""]
        yield from wire_blocks(self.header, blocks, stuffed=stuffed)


def send_message(
    connection: Connection,
    envelope: Envelope,
    content: Content,
    options: Any,
    *,
    all_or_nothing: bool = False,
    held: Held | None = None,
) -> Transaction:
    """Send one message and read every reply; the transaction holds them. `all_or_nothing`: not at all when a
    recipient is refused (mua_wrapper). `held`: its envelope is with the server already. Raises Failure when the
    session broke."""
    stream = connection.stream
    transaction = Transaction(
        connection.reader,
        connection.peer,
        envelope,
        lmtp=connection.lmtp,
        pipelining=connection.pipelining,
        chunking=connection.chunking and not content.unchunked,
        reset=connection.open_transaction,
        all_or_nothing=all_or_nothing,
        answered=(held.mail, held.replies) if held is not None else None,
    )
    connection.open_transaction = True
    connection.messages += 1
    wait = options.command_timeout
    written = 0
    try:
        flight = shown = transaction.start()
        if connection.early is not None:
            flight = shown = f"EHLO {connection.helo}\r\n".encode("latin-1") + flight
        elif transaction.wants_data:  # BDAT may follow at once
            data = content.whole(stuffed=False)
            if data is not None:
                shown = flight + transaction.chunk(len(data), last=True)
                flight = shown + data
                connection.sent = len(data)
            elif not flight:
                connection.sent = _send_data(connection, transaction, content, options)
        if connection.watch is not None:
            connection.watch.sent(shown)
        stream.send(flight)
        if connection.early is not None:
            confirm(connection)
            transaction.receive(b"")
        while not transaction.finished:
            if transaction.data_due:
                written = _send_data(connection, transaction, content, options)
                connection.sent = written
                continue
            what = transaction.awaits
            reply = stream.recv(options.final_timeout if what in _END else wait)
            if connection.watch is not None:
                connection.watch.received(reply)
            if not reply:
                failure = closed(transaction.awaiting(), _fault(what, lost=True))
                failure.unheard = transaction.mail_reply is None
                _keep_answers(failure, transaction, connection)
                raise failure
            more = transaction.receive(reply)
            if more:
                if connection.watch is not None:
                    connection.watch.sent(more)
                stream.send(more)
    except MalformedReply as error:
        raise malformed(transaction.awaiting(), error) from error
    except NetworkError as error:
        what = transaction.awaits
        text = transaction.awaiting()
        if what in _END and error.timed_out and written:
            text = f"{text} ({written} bytes written)"
        fault = _fault(what, lost=not error.timed_out)
        failure = network(text, error, fault, index=transaction.awaited_recipient)
        failure.unheard = transaction.mail_reply is None and not error.timed_out
        _keep_answers(failure, transaction, connection)
        raise failure from error
    connection.open_transaction = transaction.needs_reset
    return transaction


def _keep_answers(failure: Failure, transaction: Transaction, connection: Connection) -> None:
    """LMTP: what was said about single recipients holds."""
    if connection.lmtp:
        failure.answers, failure.ended_by = transaction.end_replies, transaction.ended_by


def _fault(what: int, *, lost: bool) -> Fault:
    """Whose fault a time-out or a loss is while a reply of this kind was due (manual 49.2)."""
    if what in _END:
        return Fault.MESSAGE
    if lost:
        return Fault.HOST
    if what == MAIL:
        return Fault.MESSAGE
    return Fault.ADDRESS if what == RCPT else Fault.HOST


def _send_data(connection: Connection, transaction: Transaction, content: Content, options: Any) -> int:
    """The message after DATA, or in BDAT chunks; how many bytes."""
    stream = connection.stream
    stream.set_send_timeout(options.data_timeout)
    written = 0
    watch = connection.watch
    if not connection.chunking or content.unchunked:
        if watch is not None:
            watch.note("  SMTP>> (writing message)\n  SMTP>> .")
        data = content.whole(stuffed=True)
        if data is not None:
            stream.send(data)
            written = len(data)
        else:
            for block in content.pieces(stuffed=True):
                stream.send(block)
                written += len(block)
        transaction.data_sent()
        return written
    for block, last in _chunks(content):
        command = transaction.chunk(len(block), last=last)
        if watch is not None:
            watch.sent(command)
        stream.send(command)
        stream.send(block)
        written += len(block)
        if last:
            break
        reply = stream.recv(options.command_timeout)
        if watch is not None:
            watch.received(reply)
        if not reply:
            raise closed(transaction.awaiting(), Fault.MESSAGE)
        transaction.receive(reply)
        if not transaction.wants_data:
            break
    return written


def _chunks(content: Content) -> Iterator[tuple[bytes, bool]]:
    """Blocks of about BLOCK bytes, and whether each is the last."""
    held: bytes | None = None
    for block in content.pieces(stuffed=False):
        if held is None:
            held = block
        elif len(held) < BLOCK:
            held += block
        else:
            yield held, False
            held = block
    yield held or b"", True


def finish_refused(connection: Connection, transaction: Transaction) -> None:
    """The server waits for data that nobody is to get: send the dot and leave."""
    try:
        connection.stream.send(b".\r\n")
    except NetworkError:
        connection.stream.abort()
        return
    connection.quit()
