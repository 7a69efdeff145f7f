"""Replies that come from ACLs' texts (manual 44.20, 44.21). What a refusal means is `acl.refusal`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.acl.reply import fold, split_code
from eximia.base.namedtuple import NamedTuple
from eximia.base.pattern import pattern

if TYPE_CHECKING:
    from eximia.acl.result import AclResult
    from eximia.context import Context

DEFERRED = "Temporary local problem - please try later"
_OWN_CODE = pattern(r"[0-9]{3} (?:[0-9]\.[0-9]{1,3}\.[0-9]{1,3} )?")


class Answer(NamedTuple):
    """A reply: the code, perhaps with an extended code behind it, and the text, perhaps of several lines."""

    code: str
    text: str


def own_code(ctx: Context, text: str, code: str) -> Answer:
    """The answer that `text` makes; a code in front of it replaces `code` if it is of the same kind."""
    code, extended, text = split_code(ctx, code, text)
    return Answer(f"{code} {extended}".rstrip(), "\n".join(fold(text)))


def accepted(ctx: Context, result: AclResult, code: str, text: str) -> Answer:
    """The answer to a command that an ACL accepted: `code` and `text` unless the ACL gave a message."""
    if not result.user_message:
        return Answer(code, text)
    return first_line(ctx, own_code(ctx, result.user_message, code))


def first_line(ctx: Context, answer: Answer) -> Answer:
    """All that may be said with control=no_multiline_responses."""
    if ctx.session.multiline_responses or "\n" not in answer.text:
        return answer
    return Answer(answer.code, answer.text.partition("\n")[0])


def plain(text: str, code: str) -> Answer:
    """The answer that `text` makes; what looks like a code in it is text."""
    return Answer(code, "\n".join(fold(text)))


def without_code(text: str) -> str:
    """`text` without a reply code in front of it."""
    return _OWN_CODE.sub("", text, count=1) if _OWN_CODE.match(text) else text
