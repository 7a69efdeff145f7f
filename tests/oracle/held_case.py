"""One case held by itself, in a process of its own (see `session_world.elsewhere`).

python -m oracle.held_case CASE RESULT
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from oracle.session_world import Dialogue


def main() -> None:
    fields, program = pickle.loads(Path(sys.argv[1]).read_bytes())
    Path(sys.argv[2]).write_bytes(pickle.dumps(Dialogue(**fields).outcome(program)))


if __name__ == "__main__":
    main()
