"""`remove_header`: names of header lines to drop, or regular expressions for whole lines (manual 44.25; since 4.97).
Reception drops them when it merges the added ones."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import NO_MESSAGE
from eximia.acl.run import Run
from eximia.base.listtext import split_list


def _obey(one: Run, text: str) -> bool:
    one.ctx.message.removed_headers += split_list(text)
    return True


REMOVE_HEADER = Handler("remove_header", _obey, modifier=True, forbidden=NO_MESSAGE)
