"""`/etc/hosts`: addresses of names and names of addresses (hosts(5)). Kept until the file changes."""

from __future__ import annotations

import os

from eximia.base.text import from_bytes


class HostsFile:
    """A parsed hosts file."""

    __slots__ = ("_addresses", "_names", "_path", "_stamp")

    def __init__(self, path: str = "/etc/hosts") -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    def _refresh(self) -> None:
        try:
            status = os.stat(self._path)
        except OSError:
            self._stamp = None
            self._addresses = {}
            self._names = {}
            return
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            with open(self._path, "rb") as file:
                text = from_bytes(file.read())
        except OSError:
            text = ""
        self._parse(text)

    def _parse(self, text: str) -> None:
        addresses: dict[str, list[str]] = {}
        names: dict[str, list[str]] = {}
        for line in text.splitlines():
            fields = line.partition("#")[0].split()
            if len(fields) < 2:
                continue
            address = fields[0].lower()
            known = names.setdefault(address, [])
            for name in fields[1:]:
                if name not in known:
                    known.append(name)
                found = addresses.setdefault(name.lower(), [])
                if address not in found:
                    found.append(address)
        self._addresses = {name: tuple(found) for name, found in addresses.items()}
        self._names = {address: tuple(found) for address, found in names.items()}

    def addresses(self, name: str) -> tuple[str, ...]:
        """The addresses of a name, in the order of the file; empty when it is not there."""
        self._refresh()
        return self._addresses.get(name.lower().removesuffix("."), ())

    def names(self, address: str) -> tuple[str, ...]:
        """The names of an address; the first is the canonical one."""
        self._refresh()
        return self._names.get(address.lower(), ())
