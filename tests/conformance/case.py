"""One line of a file of test vectors."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eximia.mailauth.zone import Zone


@dataclass(frozen=True, slots=True)
class Case:
    """`folder` is where the file lies (other files are named relative to it)."""

    suite: str
    name: str
    op: str
    inputs: Mapping[str, Any]
    expect: Mapping[str, Any]
    zone: Mapping[str, Any]
    note: str
    folder: Path

    @classmethod
    def of(cls, fields: Mapping[str, Any], folder: Path) -> Case:
        return cls(
            suite="-".join(str(fields[part]) for part in ("topic", "suite") if part in fields) or "?",
            name=str(fields.get("name", "?")),
            op=str(fields.get("op", "")),
            inputs=fields.get("inputs") or {},
            expect=fields.get("expect") or {},
            zone=fields.get("zone") or {},
            note=str(fields.get("note", "")),
            folder=folder,
        )

    @property
    def dns(self) -> Zone:
        return Zone(self.zone)

    @property
    def message(self) -> bytes:
        return base64.b64decode(self.inputs["message_b64"])


def differs(what: str, expected: Any, got: Any) -> list[str]:
    """The complaint when `got` is not what was expected; a list in `expected` means any of its members."""
    allowed = expected if isinstance(expected, list) else [expected]
    if got in allowed:
        return []
    return [f"{what}: expected {' or '.join(map(repr, allowed))}, got {got!r}"]


def text(value: Any) -> str:
    """Text that holds the bytes of `value` in UTF-8, as ours does; empty for nothing."""
    return "" if value is None else str(value).encode("utf-8", "surrogateescape").decode("latin-1")
