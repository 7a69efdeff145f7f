"""`-bP config`: the configuration as it was parsed, inclusions resolved, comments removed."""

from __future__ import annotations

from collections.abc import Iterator

from .lines import BLANK, Line, split_name
from .sections import ConfigFile

_WITH_NAMES = frozenset({"acl", "authenticators", "routers", "transports"})


def dump(file: ConfigFile, version: str) -> Iterator[str]:
    """The lines that are printed."""
    yield f"# Exim Configuration ({version})"
    section = ""
    for line in file.seen:
        if isinstance(line, str):
            yield line
        elif line.text[:6].lower() == "begin ":
            section = line.text[6:].strip(BLANK).lower()
            yield ""
            yield f"begin {section}"
        else:
            yield from _line(line, section)


def _line(line: Line, section: str) -> Iterator[str]:
    text = _squeezed(line.text) if section else line.text
    if section not in _WITH_NAMES:
        yield f"  {text}" if section else _squeezed(text)
        return
    name, after = split_name(text)
    if name[:1].isalpha() and text.startswith(":", after):
        yield ""
        yield f"  {text}"
    elif "A" <= text[0] <= "Z" and text.startswith("=", after):
        yield text
    else:
        yield f"    {text}"


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
