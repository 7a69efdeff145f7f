"""One message over one connection: MAIL, RCPT, DATA or BDAT, and what the server says (RFC 5321, 2033, 2920, 3030).

The machine has no socket. `start` gives the first flight; `receive` takes the server's bytes and gives what to send
next; when `wants_data` is true the caller sends the message: after DATA the text with dots stuffed and the final
dot (then `data_sent`), with BDAT in chunks, each behind the command that `chunk` makes. When `finished` is true the
replies are there to be judged: `mail_reply`, `rcpt_replies`, `data_reply`, `end_reply` and, for LMTP and PRDR,
`end_replies` by recipient. What a reply means for an address is decided by the transport.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from .capabilities import Capabilities
from .envelope import Envelope
from .reply import Reply, ReplyReader

#: RCPT commands in one flight; more could fill both directions' buffers with neither side reading
WINDOW: Final = 128

RESET, MAIL, RCPT, DATA, CHUNK, END, END_RCPT, OVERALL = range(8)


class Transaction:
    """See the module's docstring. Raises `MalformedReply` from `receive`, nothing else."""

    __slots__ = (
        "_all_or_nothing",
        "_awaited",
        "_chunking",
        "_data_asked",
        "_envelope",
        "_lmtp",
        "_mail",
        "_next_rcpt",
        "_peer",
        "_pipelined",
        "_reader",
        "_reset",
        "accepted",
        "data_reply",
        "end_replies",
        "end_reply",
        "ended_by",
        "finished",
        "mail_reply",
        "pipelining",
        "postponed",
        "prdr",
        "rcpt_replies",
        "sent_data",
        "wants_data",
    )

    def __init__(
        self,
        reader: ReplyReader,
        peer: Capabilities,
        envelope: Envelope,
        *,
        lmtp: bool = False,
        pipelining: bool = False,
        chunking: bool = False,
        reset: bool = False,
        all_or_nothing: bool = False,
        answered: tuple[Reply, Sequence[Reply]] | None = None,
    ) -> None:
        """`pipelining` and `chunking`: use them (the server has them and the transport allows them).
        `reset`: begin with RSET, because an earlier transaction was left open. `all_or_nothing`: when a recipient is
        refused no message is sent; commands are then not pipelined. `answered`: the server has taken the envelope
        before; these were its answers to MAIL and to each RCPT."""
        self._reader = reader
        self._peer = peer
        self._envelope = envelope
        self._lmtp = lmtp
        self._chunking = chunking and not all_or_nothing
        self._all_or_nothing = all_or_nothing
        self._reset = reset
        self.pipelining = pipelining and not all_or_nothing
        self._mail = envelope.mail(peer)
        self._next_rcpt = 0
        #: (what, index of the recipient) of each reply to come
        self._awaited: deque[tuple[int, int]] = deque()
        #: replies at the head of `_awaited` whose commands went out with others behind them
        self._pipelined = False
        self._data_asked = False
        self.mail_reply: Reply | None = None
        self.rcpt_replies: list[Reply | None] = [None] * len(envelope.recipients)
        self.data_reply: Reply | None = None
        self.end_reply: Reply | None = None
        self.end_replies: dict[int, Reply] = {}
        #: indexes of recipients the server took
        self.accepted: list[int] = []
        #: indexes of recipients to be sent in another transaction (452 after some were taken)
        self.postponed: list[int] = []
        self.wants_data = False
        self.finished = False
        #: the server gave per-recipient data responses
        self.prdr = False
        #: bytes of the message were sent (a lost connection may then have delivered it)
        self.sent_data = False
        #: the command that ended the message
        self.ended_by = "DATA"
        if answered is not None:
            self.mail_reply = answered[0]
            self.rcpt_replies = list(answered[1])
            self.accepted = list(range(len(self.rcpt_replies)))
            self._next_rcpt = len(self.rcpt_replies)

    # What to send

    def start(self) -> bytes:
        """The first flight: everything up to DATA when commands may be pipelined, else MAIL alone."""
        awaited = self._awaited
        if self.mail_reply is not None:
            return self._advance()
        flight = self._mail
        if self._reset:
            flight = f"RSET\r\n{flight}"
            awaited.append((RESET, 0))
        awaited.append((MAIL, 0))
        if not self.pipelining:
            return f"{flight}\r\n".encode("latin-1")
        return f"{flight}\r\n".encode("latin-1") + self._more_recipients()

    def _more_recipients(self) -> bytes:
        """The next RCPT commands of a pipelined transaction, and DATA after the last of them."""
        envelope = self._envelope
        recipients = envelope.recipients
        first = self._next_rcpt
        last = min(first + WINDOW, len(recipients))
        commands = []
        for index in range(first, last):
            command, parameters = envelope.rcpt(recipients[index], self._peer)
            commands.append(f"{command}{parameters}\r\n")
            self._awaited.append((RCPT, index))
        self._next_rcpt = last
        self._pipelined = True
        if last == len(recipients):
            if self._chunking:
                self.wants_data = True
            else:
                commands.append("DATA\r\n")
                self._data_asked = True
                self._awaited.append((DATA, 0))
        return "".join(commands).encode("latin-1")

    def chunk(self, size: int, *, last: bool) -> bytes:
        """The BDAT command before `size` bytes of message. Call only while `wants_data`."""
        self.sent_data = True
        if last:
            self.wants_data = False
            self._expect_end()
            self.ended_by = f"BDAT {size} LAST"
            return b"BDAT %d LAST\r\n" % size
        self._awaited.append((CHUNK, 0))
        return b"BDAT %d\r\n" % size

    def data_sent(self) -> None:
        """The message and its final dot were given to the connection."""
        self.sent_data = True
        self.wants_data = False
        self._pipelined = False
        self._expect_end()

    def _expect_end(self) -> None:
        if self._lmtp and self._next_rcpt == len(self.rcpt_replies) and not self._unanswered_recipients():
            self._awaited.extend((END_RCPT, index) for index in self.accepted)
        else:
            self._awaited.append((END, 0))

    def _unanswered_recipients(self) -> bool:
        return any(what == RCPT for what, _ in self._awaited)

    # What comes back

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the server; the answer is what to send now (often nothing)."""
        reader = self._reader
        reader.feed(data)
        awaited = self._awaited
        while awaited:
            reply = reader.next()
            if reply is None:
                return b""
            what, index = awaited.popleft()
            if what == RCPT:
                self._recipient_reply(index, reply)
            elif what == MAIL:
                self.mail_reply = reply
            elif what == DATA:
                self.data_reply = reply
                self.wants_data = reply.code // 100 == 3 and bool(self.accepted)
            elif what == END:
                self._end(reply)
            elif what == END_RCPT:
                self.end_replies[index] = reply
                self.end_reply = reply
            elif what == OVERALL:
                self.end_reply = reply
            elif what == CHUNK and reply.code // 100 != 2:
                # The rest of the message is useless: this reply stands for the end.
                self.end_reply = reply
                self.wants_data = False
        return self._advance()

    def _recipient_reply(self, index: int, reply: Reply) -> None:
        if reply.code // 100 == 2:
            self.accepted.append(index)
        elif reply.code == 452 and self.accepted and self.pipelining:
            self.postponed.append(index)
            return
        self.rcpt_replies[index] = reply

    def _end(self, reply: Reply) -> None:
        if reply.code == 353 and self._envelope.prdr and not self.prdr:
            self.prdr = True
            self._awaited.extend((END_RCPT, index) for index in self.accepted)
            self._awaited.append((OVERALL, 0))
            return
        self.end_reply = reply
        if self._lmtp and self.accepted and reply.code // 100 in (2, 4, 5):
            # BDAT went out before the recipients were answered; this was the first recipient's reply.
            first, *others = self.accepted
            self.end_replies[first] = reply
            self._awaited.extend((END_RCPT, index) for index in others)

    def _advance(self) -> bytes:
        """Nothing is awaited: what comes next?"""
        if self._awaited:
            return b""
        mail = self.mail_reply
        ended = self.end_reply is not None or self.data_reply is not None
        if (mail is not None and mail.code // 100 != 2) or (ended and not self.wants_data):
            self.wants_data = False
            self.finished = True
            return b""
        if self._next_rcpt < len(self.rcpt_replies):
            if self.pipelining:
                return self._more_recipients()
            index = self._next_rcpt
            self._next_rcpt += 1
            command, parameters = self._envelope.rcpt(self._envelope.recipients[index], self._peer)
            self._awaited.append((RCPT, index))
            return f"{command}{parameters}\r\n".encode("latin-1")
        if not self.accepted or (self._all_or_nothing and len(self.accepted) < len(self.rcpt_replies)):
            self.wants_data = False
            self.finished = True
        elif self._chunking:
            self._pipelined = False
            self.wants_data = True
        elif not self._data_asked:
            self._data_asked = True
            self._awaited.append((DATA, 0))
            return b"DATA\r\n"
        return b""

    # What the log says

    def awaiting(self) -> str:
        """The command whose reply is due, in the log's words."""
        if not self._awaited:
            return "end of data" if self.sent_data else "DATA"
        what, index = self._awaited[0]
        return self.described(what, index)

    @property
    def named(self) -> int:
        """How many recipients RCPT commands have been made for."""
        return self._next_rcpt

    @property
    def awaits(self) -> int:
        """Which kind of reply is due: MAIL, RCPT, DATA, END... ; END when none is."""
        return self._awaited[0][0] if self._awaited else END

    @property
    def awaited_recipient(self) -> int:
        """The index of the recipient whose reply is due, -1 when it is another reply."""
        return self._awaited[0][1] if self._awaited and self._awaited[0][0] == RCPT else -1

    @property
    def data_due(self) -> bool:
        """The server has answered everything and waits for the message."""
        return self.wants_data and not self._awaited

    def described(self, what: int, index: int = 0) -> str:
        """The words for a command: `pipelined MAIL FROM:<>`, `end of data`."""
        pipelined = "pipelined " if self._pipelined else ""
        if what == MAIL:
            return f"{pipelined}{self._mail}"
        if what == RCPT:
            return f"{pipelined}RCPT TO:<{self._envelope.recipients[index].address}>"
        if what == DATA:
            return f"{pipelined}DATA"
        if what == RESET:
            return "RSET"
        return f"{pipelined}end of data"

    @property
    def refused_data_is_open(self) -> bool:
        """The server waits for a message (354) though nobody is to get it: it needs a dot, then the connection
        is best closed."""
        return self.data_reply is not None and self.data_reply.code // 100 == 3 and not self.sent_data

    @property
    def needs_reset(self) -> bool:
        """The server may hold an open transaction."""
        end = self.end_reply
        if end is not None:
            return self.data_reply is None and end.code // 100 != 2
        return self.mail_reply is None or self.mail_reply.code // 100 == 2
