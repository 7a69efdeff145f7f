"""What every action of the command line begins with: privileges, configuration, process (manual 5.2, 56)."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from eximia.base.errors import ConfigError

if TYPE_CHECKING:
    from eximia.base.ports import Ports
    from eximia.config.site import Site
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation
    from eximia.daemon.loading import Configuration


class Stop(SystemExit):
    """The action is over, with this exit status."""


def open_process(call: Invocation, ports: Ports | None = None) -> Process:
    """Read the configuration of a call and build its process. An error is reported as Exim does: Stop."""
    from eximia.daemon import wiring

    configuration = open_configuration(call)
    if ports is None:
        from eximia.aio.direct import DirectPorts

        ports = DirectPorts()
    purged = clean_environment(call, configuration)
    process = wiring.build(ports, configuration, call)
    process.caches["queue_size"] = lambda: _queue_size(process)
    logged = call.action in _LOGGED or call.action == "bp" or call.action.startswith("M")
    if logged:
        make_spool(process)
    if purged and call.action in _LOGGED:
        process.log.main(purged)
    if logged and process.log.selectors.arguments:
        log_arguments(process, call)
    if configuration.main.commandline_checks_require_admin and call.action in _CHECKS:
        need_admin(process, "exim: those command-line flags are set to require admin")
    if call.debug and not process.is_admin:
        refuse("exim: debugging permission denied")
    if any(getattr(call, name) not in (None, False) for name in _GIVEN):
        from eximia.cli.given import check

        check(process, call)
    return process


#: what the caller may have given that must be looked at: see `given`
_GIVEN = (
    "sender",
    "host_address",
    "interface_address",
    "message_reference",
    "pid_file",
    "remove_pid_file",
    "suppress_fixups",
    "syslog_tag",
)


def _queue_size(process: Process) -> str:
    """`$queue_size`: what the daemon says."""
    from eximia.daemon.notifier import QUEUE_SIZE, address, ask

    name = address(process)
    return ask(name, QUEUE_SIZE) if name else ""


#: actions that commandline_checks_require_admin keeps for admin users
_CHECKS = frozenset({"be", "bem", "bf", "bF", "bfF", "bh", "bhc", "bmalware", "brt", "brw", "bt", "bv", "bvs"})
#: actions that only try something out: a configuration that cannot be used is not logged
_TRIED = frozenset({"bV", "be", "bem", "bf", "bF", "bfF", "bh", "bhc", "bt", "bv", "bvs"})
#: actions whose log tells that the environment was thrown away
_LOGGED = frozenset({"bm", "bs", "bS", "bd", "q", "M"})


def log_arguments(process: Process, call: Invocation) -> None:
    """`cwd=/ 3 args: exim -bd -q30m` (log selector `arguments`)."""
    from eximia.logs.lines.events import arguments

    try:
        folder = os.getcwd()
    except OSError:
        folder = "(unknown)"
    process.log.main(arguments(os.fsencode(folder).decode("latin-1"), [call.program, *call.words]))


def clean_environment(call: Invocation, configuration: Configuration) -> str:
    """Throw away the environment but for what is to be kept (manual 14, keep_environment). The daemon's first process
    keeps its own: it hands it to the parts of the server, which clean theirs. Returns what the log should say."""
    from eximia.daemon.environment import WARNING, clean, must_warn

    try:
        warn = must_warn(configuration.main, os.environ) if call.action == "bd" else clean(configuration.main)
    except ConfigError as error:
        refuse(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {error.message}")
    if warn and call.action == "bV":
        sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {WARNING}\n")
    return WARNING if warn else ""


def open_site() -> Site:
    """The site's facts. An error is reported: Stop."""
    from eximia.config import site as site_file

    try:
        return site_file.load()
    except ConfigError as error:
        refuse(f"exim: {error.message}")


def open_configuration(call: Invocation) -> Configuration:
    from eximia.config import site as site_file
    from eximia.config.messages import fatal_text, logs_of
    from eximia.daemon import wiring

    try:
        site = site_file.load()
        keep_or_drop(call, site)
        return wiring.read_configuration(call, site)
    except ConfigError as error:
        # -bP and -v speak as the log's copy on the standard error, the others with the log's time stamp
        label = time.strftime("%Y-%m-%d %H:%M:%S")
        if call.action == "bh":
            label = "LOG:"
        elif call.action == "bP" or call.verbose:
            label = f"LOG: {logs_of(error)}\n "
        sys.stderr.flush()
        sys.stderr.buffer.write(f"{label} {fatal_text(error)}\n".encode("latin-1", "replace"))
        if call.action not in _TRIED:
            wiring.note_unusable(call, error.main, fatal_text(error))
        raise Stop(1) from None


def keep_or_drop(call: Invocation, site: Site) -> None:
    """Give up root where -C or -D come from a caller who could otherwise steer a privileged program (manual 5.3)."""
    if call.macros and site.forbid_macros:
        refuse("exim: -D is not available in this Exim binary")
    paths = call.config_files.split(":") if call.config_files is not None else []
    if site.configuration_prefix:
        for path in paths:
            if path not in site.configuration and (not path.startswith(site.configuration_prefix) or "/../" in path):
                refuse("exim: -C Permission denied")
    uid = os.getuid()
    if os.geteuid() != 0 or uid == 0:
        return
    trusted_caller = uid in (site.uid, site.configure_owner)
    trusted = trusted_caller and all(site.trusts_configuration(path) for path in paths)
    trusted = trusted and all(site.trusts_macro(name, value) for name, value in call.macros)
    if (paths or call.macros) and not trusted:
        gid = os.getgid()
        os.setgroups([gid])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)


def make_spool(process: Process) -> None:
    """As root make the spool directory where it is missing: the mail user, who makes the logs in it, may not be able
    to."""
    spool = process.spool
    if os.geteuid() == 0 and spool.uid > 0 and not os.path.isdir(spool.directory):
        spool.make_folder(spool.directory)


def receive_as_mail_user(process: Process) -> None:
    """From here on be the mail user, if we are root; deliveries and queue runs begin as root (manual 56.2)."""
    spool = process.spool
    if os.geteuid() != 0 or spool.uid <= 0 or spool.gid < 0:
        return
    from eximia.privileged.aside import set_aside

    make_spool(process)
    for name in ("deliver", "queue_run", "turn"):
        setattr(process.services, name, partial(_as_root, process.services, name))
    set_aside(spool.uid, spool.gid)


def _as_root(services: Any, name: str, *args: Any, **more: Any) -> Any:
    from eximia.privileged.aside import taken_up

    with taken_up():
        return services.made(name)(*args, **more)


def refuse(text: str, status: int = 1) -> NoReturn:
    """Say why nothing is done, and stop."""
    sys.stderr.flush()
    sys.stderr.buffer.write(text.encode("latin-1", "replace") + b"\n")
    raise Stop(status)


def need_admin(process: Process, what: str = "") -> None:
    """Stop unless the caller is an admin user."""
    if not process.is_admin:
        refuse(what or "exim: permission denied")
