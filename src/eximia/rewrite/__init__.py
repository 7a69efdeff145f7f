"""Address rewriting (manual chapter 31): rules, envelope addresses, header lines."""

from __future__ import annotations

from .engine import rewrite_address, rewrite_envelope, rewrite_smtp
from .header_lines import qualify_headers, rewrite_header_domain, rewrite_headers

__all__ = [
    "qualify_headers",
    "rewrite_address",
    "rewrite_envelope",
    "rewrite_header_domain",
    "rewrite_headers",
    "rewrite_smtp",
]
