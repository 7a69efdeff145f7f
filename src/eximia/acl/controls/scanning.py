"""`bmi_run`: have the message judged by the Brightmail engine; `no_mbox_unspool`: keep the copies made for scanners."""

from __future__ import annotations

from eximia.acl.phases import ENDINGS, NO_MESSAGE, NOT_SMTP, NOT_SMTP_START, PRDR
from eximia.acl.run import Run

from .control import Control, switch_on


def _bmi_run(one: Run, _options: str | None) -> None:
    switch_on(one, "bmi_run")


def _no_mbox_unspool(one: Run, _options: str | None) -> None:
    one.ctx.message.no_mbox_unspool = True


BMI_RUN = Control("bmi_run", _bmi_run, forbidden=ENDINGS)
NO_MBOX_UNSPOOL = Control(
    "no_mbox_unspool", _no_mbox_unspool, forbidden=NO_MESSAGE | PRDR.bit | NOT_SMTP.bit | NOT_SMTP_START.bit
)
