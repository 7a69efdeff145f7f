"""Controls of the SMTP dialogue; they last until the connection ends (manual 44.22)."""

from __future__ import annotations

from eximia.acl.phases import CONNECT, HELO, NOT_SMTP, NOT_SMTP_MIME, NOT_SMTP_START, all_but, mask
from eximia.acl.run import Run

from .control import Control

_SMTP_ONLY = mask(NOT_SMTP, NOT_SMTP_START, NOT_SMTP_MIME)


def _allow_auth_unadvertised(one: Run, _options: str | None) -> None:
    one.ctx.session.allow_auth_unadvertised = True


def _enforce_sync(one: Run, _options: str | None) -> None:
    one.ctx.session.enforce_sync = True


def _no_enforce_sync(one: Run, _options: str | None) -> None:
    one.ctx.session.enforce_sync = False


def _no_callout_flush(one: Run, _options: str | None) -> None:
    one.ctx.session.no_callout_flush = True


def _no_delay_flush(one: Run, _options: str | None) -> None:
    one.ctx.session.no_delay_flush = True


def _no_multiline_responses(one: Run, _options: str | None) -> None:
    one.ctx.session.multiline_responses = False


def _no_pipelining(one: Run, _options: str | None) -> None:
    one.ctx.session.no_pipelining = True


ALLOW_AUTH_UNADVERTISED = Control("allow_auth_unadvertised", _allow_auth_unadvertised, forbidden=all_but(CONNECT, HELO))
ENFORCE_SYNC = Control("enforce_sync", _enforce_sync, forbidden=_SMTP_ONLY)
NO_ENFORCE_SYNC = Control("no_enforce_sync", _no_enforce_sync, forbidden=_SMTP_ONLY)
NO_CALLOUT_FLUSH = Control("no_callout_flush", _no_callout_flush, forbidden=_SMTP_ONLY)
NO_DELAY_FLUSH = Control("no_delay_flush", _no_delay_flush, forbidden=_SMTP_ONLY)
NO_MULTILINE_RESPONSES = Control("no_multiline_responses", _no_multiline_responses, forbidden=_SMTP_ONLY)
NO_PIPELINING = Control("no_pipelining", _no_pipelining, forbidden=_SMTP_ONLY)
