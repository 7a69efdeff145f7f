"""exiwhat on a running server: each worker tells what it does."""

from __future__ import annotations

import re
import smtplib
from pathlib import Path

from support_services import mail_server, until


def test_exiwhat(tmp_path: Path) -> None:
    with mail_server(tmp_path) as server, smtplib.SMTP("127.0.0.1", server.port, timeout=60) as client:
        client.ehlo("client.ex")

        def connections() -> int:
            done = server.run("-C", str(server.configuration), program="exiwhat")
            assert done.returncode == 0
            workers = re.findall(r"(?m)^ *\d+ daemon\(\S+\): .*worker (\d+), (\d+) connections?", done.stdout)
            assert workers, done.stdout
            return sum(int(count) for _, count in workers)

        # the question whether it serves may be known as one more for a moment
        until(lambda: connections() == 1)
