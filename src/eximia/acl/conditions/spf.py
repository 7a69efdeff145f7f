"""`spf`, `spf_guess`: whether SPF's result is one of those in the list (manual 58.4)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import (
    AUTH,
    CONNECT,
    ETRN,
    EXPN,
    HELO,
    MAILAUTH,
    NOT_SMTP,
    NOT_SMTP_START,
    NOTQUIT,
    QUIT,
    STARTTLS,
    VRFY,
    mask,
)
from eximia.acl.run import Run
from eximia.acl.spf import check_spf
from eximia.acl.words import is_listed

_FORBIDDEN = mask(AUTH, CONNECT, HELO, MAILAUTH, ETRN, EXPN, STARTTLS, VRFY, NOTQUIT, QUIT, NOT_SMTP, NOT_SMTP_START)
#: names of results before RFC 4408
OLD_NAMES = {"err_perm": "permerror", "err_temp": "temperror"}
_OLDER = {**OLD_NAMES, "invalid": "(invalid)"}


def _spf(one: Run, text: str) -> bool:
    return is_listed(check_spf(one.ctx), text, _OLDER)


def _spf_guess(one: Run, text: str) -> bool:
    return is_listed(check_spf(one.ctx, guess=True), text, _OLDER)


SPF = Handler("spf", _spf, forbidden=_FORBIDDEN)
SPF_GUESS = Handler("spf_guess", _spf_guess, forbidden=_FORBIDDEN)
