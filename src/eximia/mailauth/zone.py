"""A DNS made of a dictionary: for tests, for `eximia auth --dns`, for programs that want to ask "what if".

A zone maps a lower-case name without final dot to its records, each `{"type": ..., "value": ...}`:

| type | value |
|---|---|
| `TXT`, `SPF` | a text, or the list of the character strings of one record (latin-1 for raw bytes) |
| `A`, `AAAA`, `CNAME`, `PTR`, `NS` | text |
| `MX` | `[preference, host]` |
| `TIMEOUT` | questions for types without an earlier record fail for now; or only those that the value lists |
| `RCODE` | `SERVFAIL`, `REFUSED`, `NXDOMAIN`: the answer to all questions |

A name that is absent does not exist, unless a longer name ends in it: then it has no data. `*.name` answers for what
does not exist below `name` (RFC 4592).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from eximia.dns.answer import Answer, Status
from eximia.dns.records import Address, Mx, Name, Txt

_MOST_ALIASES = 8
_TTL = 300


class ZoneError(ValueError):
    """The dictionary is not of the form above."""


class Zone:
    """Answers questions from a dictionary; `asked` is what was asked, in its order."""

    def __init__(self, records: Mapping[str, Any]) -> None:
        """Raises ZoneError."""
        self.asked: list[tuple[str, str]] = []
        self._names: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._parents: set[str] = set()
        for name, found in records.items():
            if not isinstance(found, Sequence) or not all(isinstance(one, Mapping) and "type" in one for one in found):
                raise ZoneError(f"{name!r}: not a list of records")
            name = name.lower().rstrip(".")
            self._names[name] = found
            labels = name.split(".")
            self._parents.update(".".join(labels[start:]) for start in range(1, len(labels)))

    @classmethod
    def from_json(cls, text: str) -> Zone:
        """Raises ZoneError."""
        try:
            records = json.loads(text)
        except ValueError as error:
            raise ZoneError(f"not JSON: {error}") from error
        if not isinstance(records, dict):
            raise ZoneError("not an object that maps names to records")
        return cls(records)

    def query(self, name: str, rtype: str) -> Answer:
        """As `base.ports.Resolver.query`."""
        self.asked.append((name, rtype))
        return self._follow(name.lower().removesuffix("."), rtype)

    def _follow(self, name: str, rtype: str) -> Answer:
        for _ in range(_MOST_ALIASES):
            records = self._records(name)
            if records is None:
                status = Status.NODATA if name in self._parents else Status.NXDOMAIN
                return Answer(status, name=name, ttl=_TTL)
            made: list[Any] = []
            alias: str | None = None
            for record in records:
                kind, value = str(record["type"]).upper(), record.get("value")
                if kind == rtype:
                    made.append(_content(name, kind, value))
                elif kind == "CNAME" and rtype != "CNAME":
                    alias = str(value)
                elif not made and (failed := _failure(name, kind, value, rtype)) is not None:
                    return failed
            if made:
                return Answer(Status.FOUND, tuple(made), name, ttl=_TTL)
            if alias is None:
                return Answer(Status.NODATA, name=name, ttl=_TTL)
            name = alias.lower().rstrip(".")
        return Answer(Status.AGAIN, name=name, why="CNAME chain is too long or loops")

    def _records(self, name: str) -> Sequence[Mapping[str, Any]] | None:
        found = self._names.get(name)
        if found is not None or name in self._parents:
            return found
        labels = name.split(".")
        for start in range(1, len(labels)):
            above = ".".join(labels[start:])
            wild = self._names.get(f"*.{above}")
            if wild is not None:
                return wild
            if above in self._names or above in self._parents:
                return None
        return None


def _failure(name: str, kind: str, value: Any, rtype: str) -> Answer | None:
    if kind == "TIMEOUT" and (not value or rtype in ([value] if isinstance(value, str) else value)):
        return Answer(Status.AGAIN, name=name, why="no answer in time")
    if kind == "RCODE":
        if value == "NXDOMAIN":
            return Answer(Status.NXDOMAIN, name=name, ttl=_TTL)
        return Answer(Status.AGAIN, name=name, why=f"response code {value}")
    return None


def _content(name: str, kind: str, value: Any) -> Any:
    try:
        match kind:
            case "TXT" | "SPF":
                strings = [value] if isinstance(value, str) else value
                return Txt(tuple(_bytes(text) for text in strings))
            case "A" | "AAAA":
                return Address(str(value))
            case "MX":
                return Mx(int(value[0]), str(value[1]).rstrip("."))
            case "PTR" | "NS" | "CNAME":
                return Name(str(value).rstrip("."))
    except (TypeError, ValueError, LookupError) as error:
        raise ZoneError(f"{name}: bad {kind} record: {value!r}") from error
    raise ZoneError(f"{name}: unknown record type {kind}")


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
