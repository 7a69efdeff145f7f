"""`eximia config default`: print the embedded configuration."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from eximia.config.embedded import state_folder, text


def command(words: Sequence[str]) -> int:
    if list(words) != ["default"]:
        print("usage: eximia config default", file=sys.stderr)
        return 2
    sys.stdout.write(text(state_folder()))
    return 0
