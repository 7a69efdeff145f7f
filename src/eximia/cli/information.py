"""-bI:...: what is supported, for other programs to read (manual 5.3)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eximia.daemon.invocation import Invocation

HELP = """\
The -bI: flag takes a string indicating which information to provide.
If the string is not recognised, you'll get this help (on stderr).

  exim -bI:help    this information
  exim -bI:dscp    list of known dscp value keywords
  exim -bI:modules list of loadable modules
  exim -bI:sieve   list of supported sieve extensions
"""

#: the code points of RFC 2597 and 3246, and the old type-of-service names
DSCP = (
    *("af11", "af12", "af13", "af21", "af22", "af23", "af31", "af32", "af33", "af41", "af42", "af43"),
    *("ef", "lowcost", "lowdelay", "mincost", "reliability", "throughput"),
)


def _sieve() -> str:
    from eximia.filters.sieve.interpreter import EXTENSIONS

    return "".join(f"{each}\n" for each in EXTENSIONS)


_ANSWERS: dict[str, Callable[[], str]] = {
    "help": lambda: HELP,
    "dscp": lambda: "".join(f"{each}\n" for each in DSCP),
    "modules": lambda: "",
    "sieve": _sieve,
}


def show(call: Invocation) -> int:
    answer = _ANSWERS.get(call.information.lower())
    if answer is None:
        sys.stderr.write(HELP)
        return 1
    sys.stdout.write(answer())
    return 0
