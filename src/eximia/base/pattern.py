"""Regular expressions of our own, compiled when they are first used.

A program that hands in one message uses few of the hundred patterns in the modules it imports, and compiling one costs
as much as importing a module. The configuration's expressions are another matter: `lists.regex`.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

_NAMES = ("match", "search", "fullmatch", "sub", "subn", "finditer", "findall", "split", "pattern", "flags", "groups")


class _Uncompiled:
    """Stands for a pattern until one of its attributes is asked for; from then on they are its own."""

    def __init__(self, text: Any, flags: int) -> None:
        self.__dict__["_text"] = text
        self.__dict__["_flags"] = flags

    def __getattr__(self, name: str) -> Any:
        if name not in _NAMES:
            raise AttributeError(name)
        compiled = re.compile(self._text, self._flags)
        for each in _NAMES:
            self.__dict__[each] = getattr(compiled, each)
        return self.__dict__[name]


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """`re.compile`, later."""
    return cast("re.Pattern[AnyStr]", _Uncompiled(text, flags))
