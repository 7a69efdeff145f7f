"""Address rewriting (manual chapter 31): rules, envelope addresses, header lines.

The functions are loaded when they are first used: reading the configuration needs only the rules.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine import rewrite_address, rewrite_envelope, rewrite_sender, rewrite_smtp
    from .header_lines import complete_headers, rewrite_header_domain, rewrite_headers

__all__ = [
    "complete_headers",
    "rewrite_address",
    "rewrite_envelope",
    "rewrite_header_domain",
    "rewrite_headers",
    "rewrite_sender",
    "rewrite_smtp",
]

_ENGINE = ("rewrite_address", "rewrite_envelope", "rewrite_sender", "rewrite_smtp")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    module = import_module(".engine" if name in _ENGINE else ".header_lines", __name__)
    found = globals()[name] = getattr(module, name)
    return found
