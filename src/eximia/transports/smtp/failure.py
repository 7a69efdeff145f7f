"""Why an attempt with one host ended, and whose fault it is (manual 49.2)."""

from __future__ import annotations

import os
from enum import Enum

from eximia.base.errors import NetworkError
from eximia.context.delivery import Errno
from eximia.protocols.smtp.client import MalformedReply, Reply

#: the result type (RFC 8460 4.3) of a server that does not offer STARTTLS
NOT_SUPPORTED = "starttls-not-supported"


class Fault(Enum):
    """What a retry record is made for."""

    #: connecting, greeting, session: nothing goes to this host until its retry time
    HOST = "host"
    #: this message and this host
    MESSAGE = "message"
    #: one recipient; the others are deferred without a record
    ADDRESS = "address"
    #: a setting of ours: nothing is learnt about the host
    LOCAL = "local"


class Failure(Exception):
    """An attempt with one host that ended without a verdict for each address.

    `message` is the log's text ("" when the error number says all), `permanent` fails the addresses instead of
    deferring them, `index` is the recipient of an ADDRESS fault.
    """

    def __init__(
        self,
        message: str,
        errno: int = 0,
        fault: Fault = Fault.HOST,
        *,
        permanent: bool = False,
        more_errno: int = 0,
        index: int = -1,
        panic: bool = False,
        stop: bool = False,
        log: bool = True,
        with_host: bool | None = None,
        announce: bool = False,
        teaches: bool = True,
        pass_message: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.errno = errno
        self.fault = fault
        self.permanent = permanent
        self.more_errno = more_errno
        self.index = index
        self.panic = panic
        #: no other host is to be tried
        self.stop = stop
        #: the message is a line of its own in the main and panic logs
        self.announce = announce
        #: there may be a retry record: it is not about this message alone
        self.teaches = teaches
        #: LMTP: what the server had said about single recipients, by their number, when the session broke
        self.answers: dict[int, Reply] = {}
        #: and the command that they answer
        self.ended_by = ""
        #: the server answered nothing to this message's commands
        self.unheard = False
        #: the address's log line shows the host
        self.with_host = fault is not Fault.LOCAL if with_host is None else with_host
        #: the sender is told the message
        self.pass_message = fault is not Fault.LOCAL if pass_message is None else pass_message
        #: what the server said before: its greeting, and its answer to EHLO, for reports to the sender
        self.heard = ("", "")
        #: the result type for TLS reports (RFC 8460 4.3); empty: it is not about TLS
        self.report = ""
        #: for reports to the sender (RFC 3463); empty: nothing particular
        self.status = ""
        #: it gets a log line of its own with the host
        self.log = log

    def text(self) -> str:
        """The message with the system's words for the error number."""
        if self.errno > 0:
            words = os.strerror(self.errno)
            return f"{self.message}: {words}" if self.message else words
        if self.errno == Errno.EVENT:
            return "Event requests alternate response"
        return self.message


def refused(what: str, reply: Reply, errno: int = 0, fault: Fault = Fault.HOST) -> Failure:
    """The server answered with an error to something that is about all addresses."""
    kind = reply.code // 100
    return Failure(
        f"SMTP error from remote mail server after {what}: {reply.text}",
        errno if kind == 4 else 0,
        fault,
        permanent=kind == 5,
        more_errno=reply_errno(reply) if kind == 4 else 0,
    )


def reply_errno(reply: Reply) -> int:
    """The last two digits of a code where retry records keep them."""
    return (reply.code % 100) << 8


def closed(what: str, fault: Fault = Fault.HOST) -> Failure:
    return Failure(f"Remote host closed connection in response to {what}", Errno.CONNECTION_CLOSED, fault)


def malformed(what: str, error: MalformedReply, fault: Fault = Fault.HOST) -> Failure:
    if not error.line:
        return Failure(f"Malformed SMTP reply (an empty line) in response to {what}", Errno.SMTP_FORMAT, fault)
    return Failure(f"Malformed SMTP reply in response to {what}: {error.line}", Errno.SMTP_FORMAT, fault)


def network(what: str, error: NetworkError, fault: Fault = Fault.HOST, *, index: int = -1) -> Failure:
    """A time-out or a lost connection while the answer to `what` was due."""
    if error.timed_out:
        if fault is Fault.ADDRESS:
            what = what.removeprefix("pipelined ")
        return Failure(f"SMTP timeout after {what}", TIMED_OUT, fault, index=index, log=fault is not Fault.ADDRESS)
    if not error.errno or error.errno in _GONE:
        return closed(what, fault)
    return Failure(f"{error.message}", error.errno, fault)


TIMED_OUT = 110
_GONE = (32, 104)
