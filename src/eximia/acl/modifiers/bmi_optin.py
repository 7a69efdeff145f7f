"""`bmi_optin`: what Brightmail is told with this recipient (features row 2)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import RCPT, all_but
from eximia.acl.run import Run


def _obey(one: Run, text: str) -> bool:
    one.ctx.message.notes["bmi_optin"] = text.strip()
    return True


BMI_OPTIN = Handler("bmi_optin", _obey, modifier=True, forbidden=all_but(RCPT))
