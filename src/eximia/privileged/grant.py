"""What the parent may do, as a few fixed fields. Made by a loader that reads the configuration; the parent never does.

One line a field: a word, then its values separated by spaces (file names come last and may contain spaces).
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "1"
_MOST_LISTENERS = 256
_MOST_WORKERS = 256


class GrantError(Exception):
    """The text is no grant."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An address and port to listen on."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Grant:
    """`uid` -1: started by an ordinary user, nobody changes identity."""

    workers: int = 1
    listeners: tuple[Listener, ...] = ()
    backlog: int = 128
    uid: int = -1
    gid: int = -1
    user: str = ""
    never_users: frozenset[int] = frozenset({0})
    pid_file: str = ""
    #: try again this often, after this many seconds, when an address cannot be bound
    retries: int = 0
    retry_sleep: int = 30
    #: seconds that a stopping worker may take to finish its sessions
    grace: int = 10
    #: the standard input is the listening socket (-bw); end after so many seconds without a connection, 0: never
    inetd_wait: int | None = None

    def encode(self) -> bytes:
        lines = [
            f"version {VERSION}",
            f"workers {self.workers}",
            f"backlog {self.backlog}",
            f"identity {self.uid} {self.gid} {self.user}",
            f"retries {self.retries} {self.retry_sleep}",
            f"grace {self.grace}",
            "never " + " ".join(str(each) for each in sorted(self.never_users)),
            *(f"listen {each.address} {each.port}" for each in self.listeners),
            *([f"inetd_wait {self.inetd_wait}"] if self.inetd_wait is not None else []),
            *([f"pid_file {self.pid_file}"] if self.pid_file else []),
        ]
        return ("\n".join(lines) + "\n").encode("latin-1")

    @classmethod
    def decode(cls, data: bytes) -> Grant:
        """Raises GrantError for anything unexpected."""
        fields: dict[str, list[str]] = {}
        listeners: list[Listener] = []
        try:
            for line in data.decode("latin-1").splitlines():
                word, _, rest = line.partition(" ")
                if word == "listen":
                    address, port = rest.split(" ")
                    listeners.append(Listener(address, int(port)))
                elif word in fields:
                    raise GrantError(f"{word} is there twice")
                else:
                    fields[word] = [rest] if word == "pid_file" else rest.split(" ")
            if fields.pop("version") != [VERSION]:
                raise GrantError("another version")
            uid, gid, user = fields.pop("identity")
            retries, sleep = fields.pop("retries")
            wait = fields.pop("inetd_wait", None)
            grant = cls(
                workers=int(fields.pop("workers")[0]),
                listeners=tuple(listeners),
                backlog=int(fields.pop("backlog")[0]),
                uid=int(uid),
                gid=int(gid),
                user=user,
                never_users=frozenset(int(each) for each in fields.pop("never") if each) | {0},
                pid_file=fields.pop("pid_file", [""])[0],
                retries=int(retries),
                retry_sleep=int(sleep),
                grace=int(fields.pop("grace")[0]),
                inetd_wait=None if wait is None else int(wait[0]),
            )
        except (KeyError, ValueError) as error:
            raise GrantError(str(error)) from error
        if fields:
            raise GrantError(f"unknown field {next(iter(fields))}")
        if not 1 <= grant.workers <= _MOST_WORKERS or len(listeners) > _MOST_LISTENERS:
            raise GrantError("too many")
        if any(not 0 <= each.port <= 65535 for each in listeners):
            raise GrantError("port out of range")
        return grant
