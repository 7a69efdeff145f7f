"""The program: Exim's letters, or under the name `eximia` a command of our own.

Which file carries out an action stands in `ACTIONS` and `COMMANDS`; it is imported when it is needed, so that handing
in a message pays for nothing else.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from eximia.daemon.invocation import Invocation

#: what a letter option does: module:function, called with the Invocation, returns the exit status
ACTIONS = {
    "help": "eximia.cli.version:introduction",
    "bV": "eximia.cli.version:show",
    "bI": "eximia.cli.information:show",
    "atrn": "eximia.cli.actions.atrn:run",
    "bP": "eximia.cli.actions.options:run",
    "bd": "eximia.cli.actions.daemon:run",
    "be": "eximia.cli.actions.expand:run",
    "bh": "eximia.cli.actions.host_test:run",
    "bf": "eximia.cli.actions.filter_test:run",
    "bi": "eximia.cli.actions.aliases:run",
    "bm": "eximia.cli.actions.submit:run",
    "bs": "eximia.cli.actions.smtp:run",
    "bS": "eximia.cli.actions.smtp:run_batched",
    "bt": "eximia.cli.actions.address_test:run",
    "bv": "eximia.cli.actions.address_test:run",
    "bvs": "eximia.cli.actions.address_test:run",
    "bmalware": "eximia.cli.actions.malware_test:run",
    "bp": "eximia.cli.actions.queue:list_queue",
    "q": "eximia.cli.actions.queue:run",
    "brt": "eximia.cli.actions.retry_test:run",
    "brw": "eximia.cli.actions.rewrite_test:run",
    "z": "eximia.cli.actions.log_line:run",
    **dict.fromkeys(
        ("M", "Mc", "Mf", "Mg", "Mmad", "Mrm", "Mt", "Mvb", "Mvc", "Mvh", "Mvl", "Mar", "Mes", "Mmd", "MG"),
        "eximia.cli.actions.queue:messages",
    ),
}

#: commands of our own: module:function, called with the words after the command's name; then what it does, for people
COMMANDS = {
    "check": ("eximia.cli.check:command", "read a configuration and report every error and warning"),
    "config": ("eximia.cli.default_config:command", "`config default` prints the embedded configuration"),
    "auth": ("eximia.cli.auth:command", "verify a message file: SPF, DKIM, DMARC, ARC..., with reasons"),
    "dmarc-report": ("eximia.cli.dmarc_report:command", "send the DMARC aggregate reports that are due"),
    "explain": (
        "eximia.cli.explain.command:command",
        "tell which line of the configuration decides about a session, an address, a queued message",
    ),
    "tls-report": ("eximia.cli.tls_report:command", "send the TLS reports that are due (RFC 8460)"),
    "tls-check": ("eximia.cli.tls_check:command", "what a delivery to an address or a domain would do about TLS"),
    "demo": ("eximia.cli.demo:command", "start the server on its embedded configuration and show it at work"),
}


def _load(where: str) -> Callable[..., int]:
    module, _, name = where.partition(":")
    return cast("Callable[..., int]", getattr(import_module(module), name))


def main(words: Sequence[str] | None = None) -> int:
    """Run the program. `words` are its name and arguments; the exit status comes back."""
    # Most calls are over before collecting cycles would pay; a queue run must not grow with the queue. The server's
    # workers have settings of their own.
    gc.set_threshold(100_000, 20, 20)
    words = sys.argv if words is None else words
    program, arguments = words[0], list(words[1:])
    name = os.path.basename(program)
    if name == "eximia" and arguments in ([], ["help"], ["--help"], ["-h"]):
        return _help()
    if name == "eximia" and arguments[0] in COMMANDS:
        return _load(COMMANDS[arguments[0]][0])(arguments[1:])
    if name == "eximia" and arguments[0].replace("-", "_").isidentifier() and not arguments[0].startswith("-"):
        name, arguments = arguments[0], arguments[1:]
        if not name.startswith("exi"):
            return _unknown(name)
    if name.startswith("exi") and name not in ("exim", "exim4", "eximia"):
        from eximia.cli.utilities.catalogue import UTILITIES

        if name in UTILITIES:
            return _utility(UTILITIES[name][0], arguments)
        if os.path.basename(program) == "eximia":
            return _unknown(name)
    from eximia.daemon.invocation import UsageError
    from eximia.daemon.letters import read

    try:
        call = read(program, [os.fsencode(each).decode("latin-1") for each in arguments])
        status = run(call)
        sys.stdout.flush()
        return status
    except UsageError as error:
        sys.stdout.flush()
        print(error.text, file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except PermissionError as error:
        print(f"exim: {error.filename or 'permission denied'}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _help() -> int:
    """The commands of our own, and that everything else is Exim's."""
    from eximia.cli.utilities.catalogue import UTILITIES

    print("Eximia: a mail transfer agent that takes Exim's place.\n\nCommands:")
    for name, (_, what) in COMMANDS.items():
        print(f"  eximia {name:18} {what}")
    print("  eximia -LETTER...         Exim's command line (eximia -bd -q30m, eximia -bp, ...)\n\nExim's utilities:")
    for name, (_, what) in UTILITIES.items():
        print(f"  eximia {name:18} {what}")
    return 0


def _unknown(word: str) -> int:
    """A word that is no command: taken as a recipient it would make the program wait for a message."""
    from difflib import get_close_matches

    from eximia.cli.utilities.catalogue import UTILITIES

    near = get_close_matches(word, [*COMMANDS, *UTILITIES], 1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    print(f"eximia: no command {word!r}{meant} `eximia help` lists them.", file=sys.stderr)
    return 2


def _utility(where: str, arguments: list[str]) -> int:
    """One of the programs that come with Exim (manual 54)."""
    try:
        status = _load(where)([os.fsencode(each).decode("latin-1") for each in arguments])
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def run(call: Invocation) -> int:
    """Carry out what a call asks for."""
    return _load(ACTIONS[call.action])(call)
