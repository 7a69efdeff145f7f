"""Read the configuration and print the grant that follows from it: what the privileged parent runs at SIGHUP.

    python -m eximia.daemon.loader [log=TEXT | panic=TEXT] ARGUMENT...

With `log=` or `panic=` it writes a line into the logs instead, for a parent that has no worker to do so.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from eximia.aio.direct import DirectPorts
from eximia.base.errors import ConfigError
from eximia.config.messages import fatal_text
from eximia.daemon.grants import make_grant
from eximia.daemon.letters import read
from eximia.daemon.wiring import build, read_configuration


def main(words: Sequence[str]) -> int:
    kind, _, text = words[0].partition("=") if words else ("", "", "")
    logs = kind in ("log", "panic")
    call = read("exim", words[1:] if logs else words)
    try:
        configuration = read_configuration(call)
        if logs:
            log = build(DirectPorts(), configuration, call, stderr=-1).log
            log.panic(text) if kind == "panic" else log.main(text)
            return 0
        grant = make_grant(configuration, call)
    except ConfigError as error:
        sys.stderr.write(f"{fatal_text(error)}\n")
        return 1
    sys.stdout.buffer.write(grant.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
