"""Domain, host, address and local part lists, and the one place that runs regular expressions (manual 8 and 10).

The functions are loaded when they are first used: a regular expression alone needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .match import Match
    from .matching import match_address, match_domain, match_host, match_ip, match_local_part

__all__ = ["Match", "match_address", "match_domain", "match_host", "match_ip", "match_local_part"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    module = import_module(".match" if name == "Match" else ".matching", __name__)
    found = globals()[name] = getattr(module, name)
    return found
