"""What the commands that send reports have in common: their words, and who may give them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from eximia.context import Context


def words_of(name: str, about: str, dry_run: str) -> argparse.ArgumentParser:
    """The options of `eximia NAME`."""
    import argparse

    parser = argparse.ArgumentParser(prog=f"eximia {name}", description=about)
    parser.add_argument("-C", "--config", metavar="FILE", help="the configuration (default: the site's)")
    parser.add_argument("--today", action="store_true", help="report the present day, too")
    parser.add_argument("--domain", default="", metavar="DOMAIN", help="only what is about this domain")
    parser.add_argument("--dry-run", action="store_true", help=f"{dry_run}; nothing is sent or forgotten")
    return parser


def open_for(name: str, words: Sequence[str], configuration: str | None) -> Context | None:
    """The context to send in; None, and it has been said, when the caller may not."""
    from eximia.cli.opening import open_process
    from eximia.context import Context
    from eximia.daemon.invocation import Invocation

    call = Invocation(program="eximia", words=list(words), action="bm")
    call.config_files = configuration
    process = open_process(call)
    if not process.is_admin:
        sys.stderr.write(f"eximia {name}: only an administrator may send reports\n")
        return None
    return Context(process)
