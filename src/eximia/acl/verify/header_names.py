"""`verify = header_names_ascii`: no header name has other characters than visible ASCII (manual 44.26)."""

from __future__ import annotations

from eximia.acl.phases import COMMANDS, CONNECT, MAIL, NOT_SMTP_START, PREDATA, RCPT, mask
from eximia.acl.run import Run

from .verifier import Request, Verifier

#: before the message's header is known
TOO_EARLY = CONNECT.bit | COMMANDS | mask(MAIL, RCPT, PREDATA, NOT_SMTP_START)


def _check(one: Run, _request: Request) -> bool:
    for header in one.ctx.message.headers:
        if header.deleted:
            continue
        name = header.text.partition(":")[0]
        if not all("!" <= char <= "~" for char in name):
            one.log_message = f'Invalid character in header "{name}" found'
            if one.ctx.process.main.smtp_return_error_details:
                one.user_message = f"Rejected after DATA: {one.log_message}"
            return False
    return True


HEADER_NAMES_ASCII = Verifier(_check, forbidden=TOO_EARLY)
