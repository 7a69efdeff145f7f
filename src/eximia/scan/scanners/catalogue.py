"""Virus scanners by the name in `av_scanner`. A scanner is a function of (context, options, deadline): options are the
list's items after the name, the deadline is on the monotonic clock; it returns the malware's name, empty when there is
none, and raises ScanError and NetworkError."""

from __future__ import annotations

from collections.abc import Callable

from eximia.base.catalogue import Catalogue
from eximia.context import Context

Scanner = Callable[[Context, list[str], float], str]

_S = "eximia.scan.scanners."

SCANNERS: Catalogue[Scanner] = Catalogue(
    "scanner type",
    {
        "avast": _S + "avast:scan",
        "aveserver": _S + "aveserver:scan",
        "clamd": _S + "clamd:scan",
        "cmdline": _S + "cmdline:scan",
        "drweb": _S + "drweb:scan",
        "f-prot6d": _S + "fprot6d:scan",
        "f-protd": _S + "fprotd:scan",
        "fsecure": _S + "fsecure:scan",
        "kavdaemon": _S + "kavdaemon:scan",
        "mksd": _S + "mksd:scan",
        "sock": _S + "sock:scan",
        "sophie": _S + "sophie:scan",
    },
)
