"""`submission`, `suppress_local_fixups`: what reception mends in the header (manual 44.22, 44.23, 48.1)."""

from __future__ import annotations

from eximia.acl.phases import DATA, DKIM, MIME, NO_MESSAGE, NOT_SMTP, NOT_SMTP_MIME, NOT_SMTP_START, PRDR, mask
from eximia.acl.run import Run

from .control import Control, syntax_error

_TOO_LATE = NO_MESSAGE | mask(DATA, DKIM, MIME, PRDR, NOT_SMTP, NOT_SMTP_MIME)


def _submission(one: Run, options: str | None) -> None:
    """Options: `sender_retain`, `domain=...`, `name=...` (which takes the rest, slashes too)."""
    message = one.ctx.message
    message.submission_mode = True
    rest = options or ""
    while rest:
        if rest.startswith("name="):
            message.submission_name = rest[5:]
            return
        option, _, rest = rest.partition("/")
        if option == "sender_retain":
            message.submission_sender_retain = True
        elif option.startswith("domain="):
            message.submission_domain = option[7:]
        else:
            raise syntax_error("submission", options)


def _suppress_local_fixups(one: Run, _options: str | None) -> None:
    one.ctx.message.suppress_local_fixups = True


SUBMISSION = Control("submission", _submission, forbidden=_TOO_LATE | NOT_SMTP_START.bit, takes_options=True)
SUPPRESS_LOCAL_FIXUPS = Control("suppress_local_fixups", _suppress_local_fixups, forbidden=_TOO_LATE)
