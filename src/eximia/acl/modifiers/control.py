"""`control`: change how the connection or the message is handled (manual 44.22). The controls are in `controls/`."""

from __future__ import annotations

from eximia.acl.controls.catalogue import CONTROLS
from eximia.acl.controls.control import syntax_error
from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.run import Run
from eximia.base.text import like


def _obey(one: Run, text: str) -> bool:
    name, slash, rest = text.partition("/")
    options = like(rest, text) if slash else None
    control = CONTROLS.get(name)
    if control is None or (slash and not control.takes_options):
        raise syntax_error(name, options)
    if control.forbidden & one.phase.bit:
        raise AclError(f'cannot use "control={control.shown}" in {one.phase.log_name} ACL')
    return control.apply(one, options) is not False


CONTROL = Handler("control", _obey, modifier=True)
