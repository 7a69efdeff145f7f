"""`-bP config`: the configuration as it was parsed, inclusions resolved, comments removed."""

from __future__ import annotations

from collections.abc import Iterator

from .lines import BLANK, split_name
from .sections import ConfigFile

_WITH_NAMES = frozenset({"acl", "authenticators", "routers", "transports"})


def dump(file: ConfigFile, version: str) -> Iterator[str]:
    """The lines that are printed."""
    yield f"# Exim Configuration ({version})"
    section = ""
    named = False
    for line in file.seen:
        if isinstance(line, str):
            yield line
        elif line.text[:6].lower() == "begin ":
            section = line.text[6:].strip(BLANK).lower()
            named = False
            yield ""
            yield f"begin {section}"
        else:
            text = _squeezed(line.text)
            if section in _WITH_NAMES and _is_name(text):
                named = True
                yield ""
                yield f"  {text}"
            else:
                yield ("    " if named else "  " if section else "") + text


def _is_name(text: str) -> bool:
    name, after = split_name(text)
    return name[:1].isalpha() and text.startswith(":", after)


def _squeezed(text: str) -> str:
    """Runs of blanks outside double quotes become one."""
    out: list[str] = []
    quoted = False
    previous = ""
    for char in text:
        if char == '"' and previous != "\\":
            quoted = not quoted
        if char in BLANK and not quoted:
            if previous == " ":
                continue
            char = " "
        out.append(char)
        previous = char
    return "".join(out)
