"""Putting all parts together: the one place that builds a Process.

Parts are imported when they are first used, because the command line needs few of them; a worker asks for all of them
before it serves (`warm`).
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ConfigError, ExpansionError
from eximia.base.ports import Ports, Services
from eximia.base.template import Template
from eximia.base.text import Untainted, system_name, to_bytes
from eximia.base.trace import Trace
from eximia.config import site as site_file
from eximia.config.files import Trust
from eximia.context import Context, Process
from eximia.daemon import loading
from eximia.logs.log import Log, LogSettings
from eximia.logs.paths import Destination, destination
from eximia.logs.selectors import Selectors
from eximia.message.dates import use_timezone
from eximia.message.ids import IdSource
from eximia.spool.store import Spool

if TYPE_CHECKING:
    from eximia.config.main import MainOptions
    from eximia.config.site import Site
    from eximia.daemon.invocation import Invocation
    from eximia.daemon.loading import Configuration
    from eximia.hints.store import Hints

#: service -> its class, made without arguments (with a `+` before it: with the process), or with `*` the service itself
_SERVICES = {
    "lookups": "eximia.lookups.service:Lookups",
    "lists": "eximia.lists.service:Lists",
    "regexes": "eximia.lists.regex:Regexes",
    "acl": "+eximia.acl.service:AclService",
    "verify": "eximia.routers.verify:VerifyService",
    "filters": "eximia.filters.service:Filters",
    "perl": "eximia.aio.perl:PerlService",
    "expand": "*eximia.expand:expand_text",
    "brightmail": "*eximia.scan.brightmail.verdicts:verdict_for",
    "submit": "*eximia.reception.own:submit",
    "deliver": "*eximia.delivery:start",
    "queue_run": "*eximia.daemon.queue_runs:run_for_recipients",
    "turn": "*eximia.daemon.queue_runs:run_for_client",
    "event": "*eximia.events:raise_event",
    "spf": "*eximia.acl.spf:result_for",
    "tls_connect": "*eximia.tls.client:connect",
    "mailbox_room": "*eximia.transports.room:mailbox_room",
}


class LazyServices(Services):
    """Services made when they are first asked for."""

    __slots__ = ("process",)

    def __init__(self) -> None:
        self.process: Process | None = None

    def __getattr__(self, name: str) -> Any:
        service = self.made(name)
        setattr(self, name, service)
        return service

    def made(self, name: str) -> Any:
        """A service, made now. Raises AttributeError."""
        where = _SERVICES.get(name)
        if where is None:
            raise AttributeError(name)
        module, _, attribute = where.lstrip("*+").partition(":")
        found = getattr(import_module(module), attribute)
        return found if where.startswith("*") else found(self.process) if where.startswith("+") else found()


class LazyProcess(Process):
    """A Process whose hints databases are opened when they are first asked for."""

    __slots__ = ("_make_hints",)

    def __init__(self, ports: Ports, services: Services, make_hints: Callable[[], Hints]) -> None:
        super().__init__(ports, services)
        self._make_hints = make_hints
        del self.hints

    def __getattr__(self, name: str) -> Any:
        if name != "hints":
            raise AttributeError(name)
        self.hints = self._make_hints()
        return self.hints

    def forked(self) -> None:
        super().forked()
        try:
            del self.hints  # a database connection must not be used on both sides of a fork
        except AttributeError:
            pass


#: actions that work with the main part of a configuration: what stands behind it may be wrong
_MAIN_PART = frozenset(("bi", "bp", "Mar", "Mes", "Mf", "MG", "Mmad", "Mmd", "Mt", "Mvb", "Mvc", "Mvh", "Mvl"))


def read_configuration(call: Invocation, site: Site | None = None) -> Configuration:
    """The configuration that a call asks for: -C and -D, the site's, or without any file the embedded one.
    Raises ConfigError."""
    site = site_file.load() if site is None else site
    paths = call.config_files.split(":") if call.config_files is not None else None
    if paths is None and not site.path and not any(os.path.exists(each) for each in site.configuration):
        from eximia.config.embedded import prepare, state_folder

        root = os.geteuid() == 0
        paths = [prepare(state_folder(), site.uid if root else -1, site.gid if root else -1)]
    # without root privilege a file of the caller's own can do no harm: no owner checks (manual 6.1)
    trust = Trust(anybody=True) if paths is not None and os.geteuid() != 0 else site.trust
    configuration = loading.load(
        site,
        paths=paths,
        macros=dict(call.macros),
        trust=trust,
        expander=_Expander(site),
        whole=call.action not in _MAIN_PART,
    )
    if configuration.main.hints_database != "sqlite":
        from eximia.daemon.hints import check_setting

        check_setting(str(configuration.main.hints_database))
    return configuration


class _Expander:
    """Expands the few options that are needed before there is a process (`spool_directory`, user lists...)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def __call__(self, template: Template, main: MainOptions | None = None) -> str:
        from eximia.aio.direct import DirectPorts
        from eximia.expand import expand

        services = LazyServices()
        process = services.process = Process(DirectPorts(), services)
        process.site = self._site
        if main is not None:
            process.main = main
            process.primary_hostname = Untainted(main.primary_hostname)
        text: str = expand(template, Context(process))
        return text


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def build(ports: Ports, configuration: Configuration, call: Invocation, *, stderr: int = 2) -> Process:
    """A Process for a configuration. `stderr` gets copies of panic lines (-1: nothing does)."""
    main = configuration.main
    site = configuration.site
    root = os.geteuid() == 0
    uid, gid = (_number(main.exim_user), _number(main.exim_group)) if root else (-1, -1)
    spool_directory = _text(main.spool_directory)
    services = LazyServices()
    log: Log

    def make_hints() -> Hints:
        from eximia.daemon.hints import open_hints

        return open_hints(process, system_name(spool_directory), (uid, gid) if uid >= 0 else None)

    process = services.process = LazyProcess(ports, services, make_hints)
    log = _log(main, _selectors(main), spool_directory, uid, gid, call, stderr)
    process.config = configuration
    process.main = main
    process.site = site
    process.log = log
    ports.configure_resolver(
        retrans=main.dns_retrans,
        retry=main.dns_retry,
        edns=main.dns_use_edns0 != 0,
        dnssec=main.dns_dnssec_ok > 0,
        cname_loops=main.dns_cname_loops,
    )
    process.spool = Spool(system_name(spool_directory), split=main.split_spool_directory, uid=uid, gid=gid)
    process.ids = IdSource(number=_localhost_number(main), short=str(main.message_id_format or "") == "short")
    process.primary_hostname = Untainted(main.primary_hostname)
    process.pid = os.getpid()
    process.started = time.time()
    process.initial_cwd = _working_directory()
    if main.timezone is not None:
        use_timezone(str(main.timezone))
    process.program = call.program
    process.invocation = call
    process.caller_uid, process.caller_gid = os.getuid(), os.getgid()
    process.caller_groups = tuple(os.getgroups())
    _privileges(process)
    if call.debug:
        process.trace = _debug_trace(call)
    return process


def _number(value: Any) -> int:
    return value if isinstance(value, int) else -1


def _text(setting: Template | None) -> str:
    """The text of an option that was expanded when the configuration was read."""
    return "" if setting is None else str(setting.text)


def _localhost_number(main: Any) -> int | None:
    value = main.localhost_number
    if isinstance(value, Template):
        return int(value.text) if value.text.isdigit() else None
    return value if isinstance(value, int) else None


def note_unusable(call: Invocation, main: Any, text: str) -> None:
    """A configuration that cannot be used, in the panic log, if `main` was read so far that its place is known."""
    if main is None or os.geteuid() != 0 or not _text(main.spool_directory):
        return
    spool_directory, uid, gid = _text(main.spool_directory), _number(main.exim_user), _number(main.exim_group)
    try:
        selectors = _selectors(main)
    except ConfigError:
        # This may be what is wrong with the configuration.
        selectors = Selectors()
    # When the place of the logs is what is wrong, standard error has said so.
    with contextlib.suppress(ConfigError):
        _log(main, selectors, spool_directory, uid, gid, call, -1).panic(text, main=False)


def _selectors(main: Any) -> Selectors:
    """Raises ConfigError."""
    selectors = main.log_selector
    if isinstance(selectors, Selectors):
        return selectors
    return Selectors(str(selectors or ""), str(main.log_ports.text) if main.log_ports is not None else "")


def _log(
    main: Any, selectors: Selectors, spool_directory: str, uid: int, gid: int, call: Invocation, stderr: int
) -> Log:
    if call.syslog_tag is not None:
        where = Destination("", syslog=True)  # -L
    else:
        where = destination(_text(main.log_file_path), f"{spool_directory}/log/%slog")
    system_log = None
    if where.syslog:
        from eximia.logs.system_log import SystemLog

        system_log = SystemLog(
            call.syslog_tag or str(main.syslog_processname or "exim"), str(main.syslog_facility or "mail")
        )
    settings = LogSettings(
        where,
        selectors,
        with_zone=main.log_timezone,
        write_rejectlog=main.write_rejectlog,
        syslog_duplication=main.syslog_duplication,
        syslog_timestamp=main.syslog_timestamp,
        syslog_pid=main.syslog_pid,
        process_log_path=str(main.process_log_path or f"{spool_directory}/exim-process.info"),
        uid=uid,
        gid=gid,
    )
    log = Log(settings, stderr=stderr, verbose=call.verbose, system_log=system_log)
    if where.complaint:
        log.panic(where.complaint, main=False)
    return log


def _privileges(process: Process) -> None:
    """Who called, and what they may do (manual 5.2)."""
    main, site = process.main, process.site
    uid, groups = process.caller_uid, {process.caller_gid, *process.caller_groups}
    exim_uid, exim_gid = _number(main.exim_user), _number(main.exim_group)
    ourselves = uid in (0, exim_uid) or (os.geteuid() != 0 and exim_uid < 0)
    process.is_admin = bool(
        ourselves or exim_gid in groups or groups & {*site.admin_groups, *(main.admin_groups or ())}
    )
    process.is_trusted = bool(ourselves or uid in (main.trusted_users or ()) or groups & set(main.trusted_groups or ()))


def _debug_trace(call: Invocation) -> Trace:
    trace = Trace()
    trace.categories = call.debug
    label = f"{os.getpid():5d} " if "pid" in call.debug else ""

    def write(category: str, text: str) -> None:
        del category
        stamp = time.strftime("%H:%M:%S ") if "timestamp" in call.debug else ""
        lines = text.removesuffix("\n").split("\n")
        sys.stderr.flush()
        os.write(2, to_bytes("".join(f"{stamp}{label}{line}\n" for line in lines)))

    trace.add_debug_reader(write)
    return trace


def start_process(ports: Ports, call: Invocation, *, daemon: bool = False) -> Process:
    """Read the configuration and build. In the daemon all parts are imported at once. Raises ConfigError."""
    configuration = read_configuration(call)
    if daemon:
        from eximia.daemon.environment import clean

        clean(configuration.main)
    process = build(ports, configuration, call, stderr=-1 if daemon else 2)
    if daemon:
        warm(process)
        if call.debug_daemon_only:
            process.trace = None  # -dd: what the sessions and deliveries do is not shown
    return process


def warm(process: Process) -> None:
    """Import and make what serving needs, before the first connection waits for it."""
    from eximia.daemon import warming

    for name in _SERVICES:
        getattr(process.services, name)
    _ = process.hints
    warming.warm(process)
    start_perl(process)


def start_perl(process: Process) -> None:
    """Start Perl at once when it is asked for (`perl_at_start`, -ps; manual chapter 12)."""
    wanted = process.invocation.perl_start
    perl = process.services.perl
    if not (process.main.perl_at_start if wanted is None else wanted) or process.main.perl_startup is None:
        return
    try:
        if perl is not None:
            perl.start(str(process.main.perl_startup), taint=bool(process.main.perl_taintmode))
    except ExpansionError as error:
        process.log.panic(f"Error in perl_startup code: {error.message}")
