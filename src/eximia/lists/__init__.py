"""Domain, host, address and local part lists, and the one place that runs regular expressions (manual 8 and 10)."""

from __future__ import annotations

from .match import Match
from .matching import match_address, match_domain, match_host, match_ip, match_local_part

__all__ = ["Match", "match_address", "match_domain", "match_host", "match_ip", "match_local_part"]
