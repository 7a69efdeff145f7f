"""Names of mailboxes beyond ASCII. The program's text holds bytes as latin-1; the calls of `os` take text as characters
and write them as UTF-8. A name that is `caf\\xc3\\xa9` to the program is `café` to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eximia.base.text import name_text, system_name

#: fields of the jobs that are names, or parts of such
_NAMES = (
    "basename",
    "create_file",
    "file",
    "final",
    "home",
    "log",
    "once",
    "path",
    "quota_directory",
    "tag",
    "temporary",
    "untagged",
    "vouched",
)
#: fields of their answers that have such
_TOLD = ("file", "message", "name", "temporary")


def as_the_system_names(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a job, with names as `os` takes them."""
    return _changed(fields, _NAMES, system_name)


def as_text(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of a job, with names as the program's text again."""
    return _changed(answer, _TOLD, name_text)


def _changed(fields: dict[str, Any], names: tuple[str, ...], change: Callable[[str], str]) -> dict[str, Any]:
    found = {}
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and not value.isascii():
            found[name] = change(value)
    return {**fields, **found} if found else fields
