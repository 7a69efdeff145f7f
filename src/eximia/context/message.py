"""One message: envelope, headers, body, and what was decided about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from eximia.base.dataclass import dataclass, field
from eximia.base.ordered_set import OrderedSet

if TYPE_CHECKING:
    from eximia.base.ports import Identity


@dataclass(slots=True)
class Recipient:
    """One envelope recipient, with what its `-H` line carries (manual chapter 57)."""

    address: str
    errors_to: str = ""
    #: index of the original recipient for one_time redirections, -1: none
    parent: int = -1
    #: NOTIFY bits, see message.dsn
    dsn_flags: int = 0
    #: ORCPT as given, xtext undecoded
    orcpt: str = ""
    bmi_optin: str = ""
    #: the address that the client gave, where rewriting rules changed it and reports (NOTIFY) are asked for
    submitted: str = ""


class Body:
    """A message's body, without the header. Small ones live in memory, big ones in a file.

    `data` is the whole body, or None when it must be read from the file `path` at `offset`. Lines end with LF; with
    `wire` the body is kept as it came in chunks, usually with CRLF (`spool_wireformat`). `text` and `text_blocks` have
    LF always, the others give what is kept.
    """

    __slots__ = ("data", "fd", "offset", "path", "size", "wire")

    def __init__(
        self,
        data: bytes | None = b"",
        path: str = "",
        offset: int = 0,
        size: int = 0,
        fd: int = -1,
        *,
        wire: bool = False,
    ) -> None:
        self.data = data
        self.wire = wire
        self.path = path
        self.offset = offset
        self.size = len(data) if data is not None else size
        #: an open descriptor of the -D file when it is held (it carries the message's lock), or -1
        self.fd = fd

    def read(self, limit: int = -1) -> bytes:
        """The first `limit` bytes (all by default)."""
        if self.data is not None:
            return self.data if limit < 0 else self.data[:limit]
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            return file.read(limit)

    def text(self) -> bytes:
        """All of it, with LF line ends."""
        data = self.read()
        return data.replace(b"\r\n", b"\n") if self.wire else data

    def text_blocks(self, size: int = 1 << 18) -> Iterator[bytes]:
        """The same, in blocks."""
        return _with_lf(self.blocks(size)) if self.wire else self.blocks(size)

    def blocks(self, size: int = 1 << 18) -> Iterator[bytes]:
        """All that is kept, in blocks."""
        if self.data is not None:
            if self.data:
                yield self.data
            return
        fd = self.fd
        mine = fd < 0
        if mine:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            offset = self.offset
            end = offset + self.size
            while offset < end:
                block = os.pread(fd, min(size, end - offset), offset)
                if not block:
                    return
                yield block
                offset += len(block)
        finally:
            if mine:
                os.close(fd)

    def tail(self, length: int) -> bytes:
        """The last `length` bytes."""
        if self.data is not None:
            return self.data[-length:] if length else b""
        with open(self.path, "rb") as file:
            file.seek(self.offset + max(0, self.size - length))
            return file.read()


def _with_lf(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """CRLF to LF; a block may end between the two."""
    carry = b""
    for block in blocks:
        data = carry + block if carry else block
        carry = b"\r" if data.endswith(b"\r") else b""
        if carry:
            data = data[:-1]
        if data:
            yield data.replace(b"\r\n", b"\n")
    if carry:
        yield carry


# Known by identity; making the other methods of so many fields would cost milliseconds at every start.
@dataclass(slots=True, repr=False, eq=False)
class Message:
    """See the module's docstring."""

    id: str = ""
    sender_address: str = ""
    #: before rewriting; None when it was not rewritten
    sender_address_unrewritten: str | None = None
    recipients: list[Recipient] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)
    body: Body = field(default_factory=Body)

    received_time: float = 0.0  #: seconds since 1970, with the fraction of the id
    #: how long receiving took, seconds
    received_took: float = 0.0
    received_protocol: str = ""
    #: it came by BDAT commands (RFC 3030)
    by_chunks: bool = False
    #: BODY= of the MAIL command: 0 not given, 7, 8
    body_type: int = 0
    #: who handed it in: login name, uid, gid
    originator_login: str = ""
    originator_uid: int = 0
    originator_gid: int = 0
    originator_name: str = ""
    sender_local: bool = False
    sender_set_untrusted: bool = False
    #: `-oMs`.. and the like may set what the session normally knows

    size: int = 0  #: as $message_size shows it
    linecount: int = 0
    body_linecount: int = 0
    body_zerocount: int = 0
    max_received_linelength: int = 0
    received_count: int = 0

    # State in the spool
    frozen: bool = False
    frozen_at: float = 0.0
    manually_thawed: bool = False
    first_delivery: bool = True
    warning_count: int = 0
    local_error_message: bool = False
    allow_unqualified_sender: bool = False
    allow_unqualified_recipient: bool = False
    queue_name: str = ""
    nonrecipients: OrderedSet = field(default_factory=OrderedSet)
    smtputf8: bool = False
    #: while a filter of this user is interpreted by a process that cannot become the user: whose files are read
    acting: Identity | None = None
    #: only to servers that are known for sure, and only over TLS (RFC 8689)
    requiretls: bool = False
    utf8_downconvert: int = 0

    #: RCPT commands of this message: all, answered with 4xx, answered with 5xx
    rcpt_count: int = 0
    rcpt_defer_count: int = 0
    rcpt_fail_count: int = 0

    # DSN (RFC 3461)
    dsn_ret: int = 0  #: 0 none, message.dsn.RET_FULL or RET_HDRS
    dsn_envid: str = ""

    #: $acl_m_* variables; the name is what follows `acl_m`
    acl_vars: dict[str, str] = field(default_factory=dict)

    # Set by controls and conditions of ACLs
    freeze: bool = False
    freeze_no_tell: bool = False
    queue_only: bool = False
    fake_response: str = ""  #: "", "defer", "reject"
    fake_response_text: str = ""
    suppress_local_fixups: bool = False
    submission_mode: bool = False
    submission_domain: str | None = None
    submission_name: str = ""
    submission_sender_retain: bool = False
    caseful_local_part: bool = False
    cutthrough: bool = False
    #: control=cutthrough_delivery/defer=pass: a 4xx of the next host goes back to the client
    cutthrough_defer_pass: bool = False
    #: the recipient whose RCPT command an ACL is looking at
    judged: Recipient | None = None
    #: an open session with the next server that has this message's envelope (`transports.smtp.held.Held`)
    held: Any = None
    #: control=queue/first_pass_route: route at once, deliver over SMTP later
    queue_first_pass: bool = False
    no_mbox_unspool: bool = False
    dkim_disable_verify: bool = False
    dmarc_disable_verify: bool = False
    dmarc_enable_forensic: bool = False
    #: control=dk_verify, control=bmi_run
    dk_verify: bool = False
    bmi_run: bool = False
    #: header lines of `add_header` as (line with newline, position), in order, until they are merged; positions are
    #: "at_end", "at_start", "at_start_rfc", "after_received"
    added_headers: list[tuple[str, str]] = field(default_factory=list)
    removed_headers: list[str] = field(default_factory=list)
    discarded: bool = False
    #: "qualify", "route", "mail", "recipient", "postmaster", "quota", "random": how the last verification ended
    sender_verify_failure: str = ""
    recipient_verify_failure: str = ""
    #: $regex_match_string and $regex1...
    regex_match_string: str = ""
    regex_captures: tuple[str, ...] = ()

    # Filled by scanners and mail authentication; empty until those ran
    spam: dict[str, str] = field(default_factory=dict)
    malware_name: str = ""
    mime: Any = None
    auth_results: dict[str, Any] = field(default_factory=dict)

    #: $n0..$n9 and $sn0..$sn9 of filters
    filter_numbers: list[int] = field(default_factory=list)
    #: variables of scanners, mail authentication and drivers under their own names ("spf_result", "dkim_domain"...),
    #: set by the part they belong to; what is not set reads as the manual's default
    variables: dict[str, str] = field(default_factory=dict)
    #: lines for the message log that are not written yet
    message_log: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
