"""What is verified of a message's DKIM, DMARC and DomainKeys (manual 58; features 1 and 7). Before DATA only: later it
has happened."""

from __future__ import annotations

from eximia.acl.phases import DATA, DKIM, ENDINGS, MIME, NOT_SMTP, NOT_SMTP_MIME, NOT_SMTP_START, PRDR, mask
from eximia.acl.run import Run

from .control import Control, switch_on

_TOO_LATE = mask(DATA, PRDR, DKIM, NOT_SMTP, NOT_SMTP_MIME)


def _dk_verify(one: Run, _options: str | None) -> None:
    switch_on(one, "dk_verify")


def _dkim_disable_verify(one: Run, _options: str | None) -> None:
    one.ctx.message.dkim_disable_verify = True


def _dmarc_disable_verify(one: Run, _options: str | None) -> None:
    switch_on(one, "dmarc_disable_verify")


def _dmarc_enable_forensic(one: Run, _options: str | None) -> None:
    switch_on(one, "dmarc_enable_forensic")


DK_VERIFY = Control("dk_verify", _dk_verify, forbidden=_TOO_LATE | mask(MIME, NOT_SMTP_START) | ENDINGS)
DKIM_DISABLE_VERIFY = Control("dkim_disable_verify", _dkim_disable_verify, forbidden=_TOO_LATE)
DMARC_DISABLE_VERIFY = Control("dmarc_disable_verify", _dmarc_disable_verify, forbidden=_TOO_LATE)
DMARC_ENABLE_FORENSIC = Control("dmarc_enable_forensic", _dmarc_enable_forensic, forbidden=_TOO_LATE)
