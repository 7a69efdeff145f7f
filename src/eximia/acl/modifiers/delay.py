"""`delay`: wait, after sending what is pending (manual 44.21)."""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.phases import NOTQUIT
from eximia.acl.run import Run
from eximia.config.times import read_time


def _obey(one: Run, text: str) -> bool:
    wait = read_time(text)
    if wait is None:
        raise AclError(f'syntax error in argument for "delay" modifier: "{text}" is not a time value')
    if one.debug:
        one.say(f"delay modifier requests {wait}-second delay")
    session = one.ctx.session
    if session.host_checking:
        if one.debug:
            one.say("delay skipped in -bh checking mode")
        return True
    if wait > 0:
        if session.flush is not None and not session.no_delay_flush:
            session.flush()
        one.ctx.process.ports.clock.sleep(wait)
    return True


DELAY = Handler("delay", _obey, modifier=True, forbidden=NOTQUIT.bit)
