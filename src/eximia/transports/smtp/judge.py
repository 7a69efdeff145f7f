"""What the server's replies mean for each address (manual 49.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.context.delivery import Errno, Outcome, Result, SmtpFacts
from eximia.protocols.smtp.client import Envelope, Reply, Transaction

from .failure import Failure, Fault, refused, reply_errno

if TYPE_CHECKING:
    from eximia.context.delivery import Address

_PREFIX = "SMTP error from remote mail server after "


def judge(
    transaction: Transaction, envelope: Envelope, addresses: list[Address], facts: SmtpFacts, *, lmtp: bool
) -> Failure | None:
    """Give every address an outcome, save those that are to be sent again (`transaction.postponed`).

    The answer is the failure that stands for a refusal of the whole message (MAIL, DATA, end of data), for the log
    and the retry hints; its addresses have no outcome yet.
    """
    mail = transaction.mail_reply
    if mail is not None and mail.code // 100 != 2:
        return refused(transaction.described(1), mail, Errno.MAIL_4XX, Fault.MESSAGE)
    _refused_recipients(transaction, envelope, addresses, facts)
    if not transaction.accepted:
        return None
    end = transaction.end_reply
    data = transaction.data_reply
    if end is None:
        if data is not None and data.code // 100 != 3:
            return refused(transaction.described(3), data, Errno.DATA_4XX, Fault.MESSAGE)
        return None
    facts.chunking = data is None
    facts.pipelining = transaction.pipelining
    facts.prdr = transaction.prdr
    if lmtp and transaction.end_replies:
        answered(transaction.end_replies, addresses, facts, transaction.ended_by)
        return None
    if end.code // 100 != 2:
        return refused(transaction.described(5), end, Errno.DATA_4XX, Fault.MESSAGE)
    if transaction.prdr:
        _by_recipient(
            transaction.end_replies, addresses, facts, f"PRDR error after {transaction.ended_by}: ", overall=end
        )
        return None
    facts.confirmation = end.text
    for index in transaction.accepted:
        addresses[index].outcome = Outcome(Result.DELIVERED, smtp=facts)
    return None


def _refused_recipients(
    transaction: Transaction, envelope: Envelope, addresses: list[Address], facts: SmtpFacts
) -> None:
    for index, reply in enumerate(transaction.rcpt_replies):
        if reply is None or reply.code // 100 == 2:
            continue
        text = f"{_PREFIX}RCPT TO:<{envelope.recipients[index].address}>: {reply.text}"
        addresses[index].outcome = _outcome(reply, text, facts, Errno.RCPT_4XX)


def _outcome(reply: Reply, text: str, facts: SmtpFacts, errno: int) -> Outcome:
    if reply.code // 100 == 5:
        return Outcome(Result.FAILED, text, smtp=facts, pass_message=True)
    return Outcome(Result.DEFERRED, text, errno, reply_errno(reply), smtp=facts, pass_message=True)


def answered(replies: dict[int, Reply], addresses: list[Address], facts: SmtpFacts, ended_by: str) -> None:
    """LMTP: what holds for a recipient also holds when the session broke before the answers for others."""
    _by_recipient(replies, addresses, facts, f"LMTP error after {ended_by}: ")


def _by_recipient(
    replies: dict[int, Reply],
    addresses: list[Address],
    facts: SmtpFacts,
    prefix: str,
    overall: Reply | None = None,
) -> None:
    """LMTP and PRDR: one reply for each recipient."""
    for index, reply in replies.items():
        if reply.code // 100 == 2:
            own = _copy(facts)
            own.confirmation = reply.text if overall is None else f"{reply.text}\n{overall.text}"
            addresses[index].outcome = Outcome(Result.DELIVERED, smtp=own)
        else:
            addresses[index].outcome = _outcome(reply, prefix + reply.text, facts, 0)


def _copy(facts: SmtpFacts) -> SmtpFacts:
    return SmtpFacts(**{name: getattr(facts, name) for name in SmtpFacts.__slots__})
