"""-bt, -bv, -bvs: what would become of an address (manual 5.3)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.cli.actions.expand import context
from eximia.cli.opening import open_process, receive_as_mail_user

if TYPE_CHECKING:
    from eximia.daemon.invocation import Invocation


def run(call: Invocation) -> int:
    from eximia.cli.address_test import AddressTest, TestLog
    from eximia.routers.result import Mode

    mode = {"bt": Mode.TEST, "bv": Mode.VERIFY_RECIPIENT, "bvs": Mode.VERIFY_SENDER}[call.action]
    process = open_process(call)
    if mode is not Mode.TEST:
        receive_as_mail_user(process)
    ctx = context(process, call)
    process.log = TestLog(process.log.selectors, complain, labelled=mode is Mode.TEST or call.verbose)
    test = AddressTest(ctx, mode, _write, complain, verbose=call.verbose, details=process.is_admin)
    if call.arguments:
        return test.run(call.arguments)
    return test.run(_lines(), interactive=True)


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("latin-1", "replace"))
    sys.stdout.buffer.flush()


def complain(text: str) -> None:
    """Write to standard error, after what went to standard output."""
    sys.stdout.flush()
    sys.stderr.buffer.write(text.encode("latin-1", "replace"))
    sys.stderr.buffer.flush()


def _lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("latin-1").rstrip("\n")
