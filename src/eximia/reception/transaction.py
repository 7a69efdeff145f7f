"""What a session remembers of the mail transaction in progress besides the message itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass, field

if TYPE_CHECKING:
    from .answers import Answer
    from .intake import Incoming


@dataclass(slots=True)
class Transaction:
    """From MAIL to the end of the message, RSET or a new greeting."""

    #: MAIL was accepted
    open: bool = False
    #: RCPT commands: all, put off, refused
    rcpt_count: int = 0
    rcpt_deferred: int = 0
    rcpt_failed: int = 0
    #: excess recipients were met (`recipients_max`)
    too_many: bool = False
    #: an ACL discarded all ("MAIL") or the last ("RCPT") recipients
    discarded_by: str = ""
    #: what the MAIL ACL wants said of each recipient it discards
    discard_log: str = ""
    #: sender and accepted recipients as the client gave them, for the log
    raw_sender: str = ""
    raw_recipients: list[str] = field(default_factory=list)
    #: SIZE of MAIL, -1: not given
    size: int = -1
    #: the text of the refusals of RCPT, while all are alike
    rcpt_error: str | None = None
    rcpt_errors_alike: bool = True
    #: BDAT: a chunk has been accepted; the message so far; the size of the last chunk
    chunking: bool = False
    incoming: Incoming | None = None
    chunk_size: int = 0
    #: what the DATA ACL wants said
    final_answer: Answer | None = None
    #: the last word after the answers for each recipient (PRDR); it goes before the DATA ACL's
    prdr_answer: Answer | None = None
    #: after a refused command between chunks only RSET is taken
    only_rset: bool = False
    #: the MAIL command asked for PRDR
    prdr: bool = False
    #: the next server took the message while it came in: nothing remains to be delivered
    passed_on: bool = False

    def forget_early_rcpts(self) -> None:
        """RCPT commands that came before MAIL are none of the transaction's."""
        self.rcpt_count = self.rcpt_failed = 0
        self.rcpt_error = None
        self.rcpt_errors_alike = True

    def note_rcpt_error(self, text: str) -> None:
        """Remember the answer to a refused RCPT, for a DATA that finds no recipient."""
        if self.rcpt_error is None:
            self.rcpt_error = text
        elif self.rcpt_error != text:
            self.rcpt_errors_alike = False
