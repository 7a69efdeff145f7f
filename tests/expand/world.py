"""A context for expansions without a running program: fixed configuration, plain objects for ports and services."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

from eximia.base.errors import ExpansionError, NetworkError
from eximia.base.ports import HelperResult
from eximia.base.text import Untainted, to_bytes
from eximia.context import Context, Process
from eximia.expand.listing import split_list
from eximia.expand.operators.case import lower
from eximia.lists.regex import Regexes


class Clock:
    def __init__(self, now: float | None = None) -> None:
        self.now = now

    def time(self) -> float:
        return time.time() if self.now is None else self.now


class Helpers:
    """Runs commands for real; only the oracle and the cases with `${run` use it."""

    def run(self, argv: Sequence[str], **options: Any) -> HelperResult:
        try:
            done = subprocess.run(
                [to_bytes(arg) for arg in argv],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=10,
                check=False,
            )
        except OSError as error:
            return HelperResult(127, b"", failure=str(error), errno=error.errno or 0)
        return HelperResult(done.returncode, done.stdout)


class Net:
    def connect(self, address: str, port: int, *, timeout: float, interface: str = "") -> Any:
        raise NetworkError("Connection refused", 111)

    def connect_unix(self, path: str, *, timeout: float) -> Any:
        raise NetworkError("No such file or directory", 2)


class Resolver:
    def query(self, name: str, rtype: str) -> Any:
        return SimpleNamespace(records=())


class Lookups:
    """lsearch alone."""

    def find(self, ctx: Context, search: str, key: str | None, source: str) -> str | None:
        if key is None:
            raise ExpansionError(f"no {search} here")
        try:
            with open(source, encoding="latin-1") as file:
                for line in file:
                    name, _, value = line.rstrip("\n").partition(":")
                    if lower(name) == lower(key):
                        return Untainted(value.strip())
        except OSError as error:
            raise ExpansionError(
                f"failed to open {source} for linear search: {os.strerror(error.errno or 0)}",
            ) from error
        return None

    def is_query_style(self, search: str) -> bool:
        return False

    def quote(self, ctx: Context, search: str, option: str | None, text: str) -> str:
        if search in ("lsearch", "nis", "passwd", "dnsdb"):
            return text
        raise ExpansionError(f'unknown lookup type "{search}"')


class Lists:
    """Plain items, `*` and one named list."""

    lists: ClassVar = {"local_domains": ("domain", "a.example : b.example"), "rel": ("host", "1.2.3.4 : 5.6.7.8")}

    def match(self, ctx: Context, kind: str, subject: str, items: str, *, caseful: bool = False) -> str | None:
        for item in split_list(items)[1]:
            if item.startswith("+"):
                if item[1:] not in self.lists:
                    raise ExpansionError(f'unable to complete match against "{items}": NULL')
                found = self.match(ctx, kind, subject, self.lists[item[1:]][1])
                if found is not None:
                    return found
            elif item == "*" or lower(item) == lower(subject) or (item[:1] == "*" and subject.endswith(item[1:])):
                return Untainted(item)
        return None

    def named(self, ctx: Context, name: str, kind: str = "") -> str | None:
        found = self.lists.get(name)
        return Untainted(found[1]) if found and kind in ("", found[0]) else None


class Acls:
    def run_named(self, ctx: Context, name: str, args: Sequence[str]) -> tuple[str, str]:
        match name:
            case "acc":
                return "accept", Untainted(f"hello {args[0] if args else ''} {len(args)}")
            case "den":
                return "deny", Untainted("no")
            case "def":
                return "defer", ""
            case "":
                return "deny", ""
        return "error", ""


def context(now: float | None = None, **main: Any) -> Context:
    """A context as the command line makes it for `-be`."""
    ports: Any = SimpleNamespace(
        clock=Clock(now),
        helpers=Helpers(),
        net=Net(),
        resolver=Resolver(),
        blocking=lambda function, *args: function(*args),
    )
    process = Process(ports)
    services: Any = process.services
    services.lookups = Lookups()
    services.lists = Lists()
    services.acl = Acls()
    services.regexes = Regexes()
    process.primary_hostname = Untainted("mail.test.example")
    process.main = SimpleNamespace(spool_directory=Untainted("/tmp/spool"), headers_charset=Untainted("UTF-8"), **main)
    process.pid = os.getpid()
    return Context(process)
