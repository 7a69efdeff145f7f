"""What belongs to the whole process: configuration, ports, services, logs, caches."""

from __future__ import annotations

import os
from typing import Any

from eximia.base.ports import Ports, Services
from eximia.base.trace import Trace


class Process:
    """One per program. Members are set by the daemon's wiring; a reload makes a new Process and the old one lives
    on while sessions use it."""

    __slots__ = (
        "caches",
        "caller_gid",
        "caller_groups",
        "caller_uid",
        "config",
        "connections",
        "hints",
        "ids",
        "initial_cwd",
        "invocation",
        "is_admin",
        "is_trusted",
        "log",
        "main",
        "pid",
        "ports",
        "primary_hostname",
        "program",
        "services",
        "site",
        "spool",
        "started",
        "trace",
    )

    def __init__(self, ports: Ports, services: Services | None = None) -> None:
        #: everything bound: acls, routers, transports, authenticators, retry, rewrite, named lists
        self.config: Any = None
        #: the main section's options
        self.main: Any = None
        #: what Exim fixes at build time: users, paths, trusted files
        self.site: Any = None
        self.ports = ports
        self.services = services or Services()
        self.log: Any = None
        self.spool: Any = None
        self.hints: Any = None
        #: the source of message ids
        self.ids: Any = None
        #: who is connected, over all workers (`daemon.connections`); None at the command line
        self.connections: Any = None
        #: how we were called (`cli.invocation`): -odX, -N, -v...
        self.invocation: Any = None
        self.trace: Trace | None = None
        #: caches by owner ("regex", "lsearch", "dns", "smtp.pool"...); each owner bounds its own
        self.caches: dict[str, Any] = {}
        self.primary_hostname = ""
        self.pid = 0
        self.started = 0.0
        #: where we were started, $initial_cwd
        self.initial_cwd = ""
        #: argv[0] as called
        self.program = "exim"
        #: who called us at the command line (real uid), and what they may do (manual 5.2)
        self.caller_uid = 0
        self.caller_gid = 0
        self.caller_groups: tuple[int, ...] = ()
        self.is_admin = True
        self.is_trusted = True

    def forked(self) -> None:
        """Call in a new process that inherited this: what knows the process id, or must not be shared, is made anew."""
        self.pid = os.getpid()
        self.log.forked()
        self.ids.forked()
