"""From a configuration to the grant that the privileged parent works by."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.template import Template
from eximia.config.values import split_list
from eximia.daemon.interfaces import configured, port_number
from eximia.privileged.grant import Grant, Listener

if TYPE_CHECKING:
    from eximia.daemon.invocation import Invocation
    from eximia.daemon.loading import Configuration


def make_grant(configuration: Configuration, call: Invocation) -> Grant:
    """What the daemon of this call may do. Raises ConfigError for addresses that are none."""
    main, site = configuration.main, configuration.site
    root = os.geteuid() == 0
    listeners: list[Listener] = []
    if call.action == "bd" and not call.inetd_wait and not _only_queue_runs(call):
        listeners = configured(
            str(main.daemon_smtp_ports or ""),
            str(main.local_interfaces.text),
            call.interfaces,
            ipv6=not main.disable_ipv6 and _kernel_has_ipv6(),
        )
        for port in split_list(_text(main.tls_on_connect_ports)):
            port_number(port)
    uid, gid, user = -1, -1, ""
    if root:
        uid = main.exim_user if isinstance(main.exim_user, int) else site.uid
        gid = main.exim_group if isinstance(main.exim_group, int) else site.gid
        user = _login(uid)
    never = {0, *site.never_users, *(main.never_users or ())}
    return Grant(
        workers=main.daemon_workers or os.cpu_count() or 1,
        listeners=tuple(listeners),
        backlog=main.smtp_connect_backlog,
        uid=uid,
        gid=gid,
        user=user,
        never_users=frozenset(never),
        pid_file=_pid_file(configuration, call),
        retries=main.daemon_startup_retries,
        retry_sleep=main.daemon_startup_sleep,
        inetd_wait=call.inetd_wait_timeout if call.inetd_wait else None,
    )


def _only_queue_runs(call: Invocation) -> bool:
    """-q<time> without -bd: a daemon that does not listen."""
    return call.action == "bd" and not call.listening


def _pid_file(configuration: Configuration, call: Invocation) -> str:
    """The pid file's path; empty: none is written (manual 5.3, -bd, -oP, -oX)."""
    if call.pid_file is not None:
        return call.pid_file
    if call.interfaces is not None or not call.listening:
        return ""
    setting = configuration.main.pid_file_path
    spool = configuration.main.spool_directory
    text = _text(setting)
    if text:
        return text % "" if "%s" in text else text
    return f"{_text(spool)}/exim-daemon.pid"


def _text(setting: Template | None) -> str:
    return "" if setting is None else str(setting.text)


def _login(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _kernel_has_ipv6() -> bool:
    return os.path.exists("/proc/net/if_inet6")
