"""The variables: which file has which. A file is loaded when one of its variables is first met."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eximia.expand.nodes import Run

_HERE = "eximia.expand.variables."

#: in the order in which they are asked; the first three have what configurations use most
GROUPS = ("address", "session", "message", "scope", "process", "times", "tls", "mailauth", "scan")


def find(name: str) -> Run | None:
    """The function that reads variable `name`, families (`$acl_m...`) excepted."""
    for group in GROUPS:
        run: Run | None = import_module(_HERE + group).VARIABLES.get(name)
        if run is not None:
            return run
    return None


def names() -> list[str]:
    """All variables, families excepted, in alphabetical order."""
    return sorted(name for group in GROUPS for name in import_module(_HERE + group).VARIABLES)
