"""`fakereject`, `fakedefer`: accept the message, and say that it was not (manual 44.22)."""

from __future__ import annotations

from eximia.acl.phases import NO_MESSAGE, NOT_SMTP, NOT_SMTP_START
from eximia.acl.run import Run

from .control import Control

_USUAL_TEXT = (
    "Your message has been rejected but is being kept for evaluation.\nIf it was a legitimate message, it may still "
    "be delivered to the target recipient(s)."
)


def _fakereject(one: Run, options: str | None) -> None:
    _fake(one, "reject", options)


def _fakedefer(one: Run, options: str | None) -> None:
    _fake(one, "defer", options)


def _fake(one: Run, what: str, options: str | None) -> None:
    message = one.ctx.message
    message.fake_response = what
    message.fake_response_text = _USUAL_TEXT if options is None else options


_FORBIDDEN = NO_MESSAGE | NOT_SMTP.bit | NOT_SMTP_START.bit
FAKEREJECT = Control("fakereject", _fakereject, forbidden=_FORBIDDEN, takes_options=True)
FAKEDEFER = Control("fakedefer", _fakedefer, forbidden=_FORBIDDEN, takes_options=True)
