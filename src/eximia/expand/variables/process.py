"""Variables of the program, its host and its configuration."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.text import EMPTY, Untainted
from eximia.expand.variables.getters import number, option, trusted

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.expand.nodes import Run

#: the Exim that we take the place of
VERSION = "4.99"


def _version(ctx: Context) -> str:
    return Untainted(getattr(ctx.process.main, "exim_version", None) or VERSION)


def _site(name: str, default: str) -> Run:
    """What is fixed at build time."""

    def run(ctx: Context) -> str:
        return Untainted(getattr(ctx.process.site, name, default))

    return run


def _exim_uid(ctx: Context) -> str:
    value = getattr(ctx.process.main, "exim_user", None)
    return Untainted(value if value is not None else getattr(ctx.process.site, "exim_uid", os.getuid()))


def _exim_gid(ctx: Context) -> str:
    value = getattr(ctx.process.main, "exim_group", None)
    return Untainted(value if value is not None else getattr(ctx.process.site, "exim_gid", os.getgid()))


def _config_file(ctx: Context) -> str:
    return Untainted(getattr(ctx.process.config, "path", "") or "")


def _config_dir(ctx: Context) -> str:
    path = _config_file(ctx)
    head, slash, _ = path.rpartition("/")
    return Untainted(head if slash else ".")


def _load_average(ctx: Context) -> str:
    return Untainted(int(os.getloadavg()[0] * 1000))


def _space(option_name: str, *, inodes: bool) -> Run:
    """Free space in kilobytes, or free inodes, where the files of an option lie; -1 when it cannot be told."""
    path_of = option(option_name, "/var/spool/exim")

    def run(ctx: Context) -> str:
        path = path_of(ctx).partition(":")[0].replace("%slog", "").strip() or "/"
        while path not in ("/", ""):
            try:
                found = os.statvfs(path)
            except (OSError, ValueError):
                path = os.path.dirname(path)
                continue
            if inodes:
                return Untainted(found.f_favail if found.f_files else -1)
            return Untainted(found.f_bavail * found.f_frsize // 1024)
        return Untainted("-1")

    return run


def _qualify_recipient(ctx: Context) -> str:
    main = ctx.process.main
    return Untainted(getattr(main, "qualify_recipient", None) or _qualify_domain(ctx))


def _qualify_domain(ctx: Context) -> str:
    return Untainted(getattr(ctx.process.main, "qualify_domain", None) or ctx.process.primary_hostname)


def _queue_size(ctx: Context) -> str:
    size = ctx.process.caches.get("queue_size")
    if callable(size):
        size = size()
    return EMPTY if size is None else Untainted(size)


def _initial_cwd(ctx: Context) -> str:
    return Untainted(ctx.process.initial_cwd)


VARIABLES: dict[str, Run] = {
    "bounce_return_size_limit": option("bounce_return_size_limit", "102400"),
    "caller_gid": number("process.caller_gid"),
    "caller_uid": number("process.caller_uid"),
    "compile_date": _site("compile_date", ""),
    "compile_number": _site("compile_number", "1"),
    "config_dir": _config_dir,
    "config_file": _config_file,
    "exim_gid": _exim_gid,
    "exim_path": _site("program", "/usr/sbin/exim"),
    "exim_uid": _exim_uid,
    "exim_version": _version,
    "initial_cwd": _initial_cwd,
    "load_average": _load_average,
    "localhost_number": option("localhost_number", "0"),
    "log_inodes": _space("log_file_path", inodes=True),
    "log_space": _space("log_file_path", inodes=False),
    "pid": number("process.pid"),
    "primary_hostname": trusted("process.primary_hostname"),
    "qualify_domain": _qualify_domain,
    "qualify_recipient": _qualify_recipient,
    "queue_size": _queue_size,
    "spf_guess": option("spf_guess", "v=spf1 a/24 mx/24 ptr ?all"),
    "spool_directory": option("spool_directory"),
    "spool_inodes": _space("spool_directory", inodes=True),
    "spool_space": _space("spool_directory", inodes=False),
    "version_number": _version,
}
