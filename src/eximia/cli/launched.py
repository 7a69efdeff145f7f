"""Started by the set-uid launcher: the first word is the name the launcher was called by."""

from __future__ import annotations

import sys

from eximia.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
