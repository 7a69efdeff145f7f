"""Read the configuration and print the grant that follows from it: what the privileged parent runs at SIGHUP.

python -m eximia.daemon.loader ARGUMENT...
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from eximia.base.errors import ConfigError
from eximia.config.messages import fatal_text
from eximia.daemon.grants import make_grant
from eximia.daemon.letters import read
from eximia.daemon.wiring import read_configuration


def main(words: Sequence[str]) -> int:
    call = read("exim", words)
    try:
        configuration = read_configuration(call)
        grant = make_grant(configuration, call)
    except ConfigError as error:
        sys.stderr.write(f"{fatal_text(error)}\n")
        return 1
    sys.stdout.buffer.write(grant.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
