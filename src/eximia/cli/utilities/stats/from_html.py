"""Reports of eximstats made as HTML, brought to the form of the plain ones for -merge. Only what our own reports
and those of Exim's utility hold is understood: headings, rows of tables, lists of errors, histograms."""

from __future__ import annotations

import re
from html import unescape

_TITLE = re.compile(r"<h([12])>(.*?)</h[12]>")
_CELLS = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>")
_TAGS = re.compile(r"<[^>]*>")
_ERROR = re.compile(r"<li>(\d+) - (.*)")
_NUMBER = re.compile(r"\d+(?:[KMG]B)?|[\d.]+%|")
_RELAY_HEAD = ["Count", "From", "To"]
#: what HTML reports call otherwise
_NAMES = {"Deliveries by Transport": "Deliveries by transport"}


def is_html(text: str) -> bool:
    return "<html>" in text[:400]


def as_plain(text: str) -> str:
    """The report as plain text."""
    lines: list[str] = []
    for line in text.split("\n"):
        title = _TITLE.search(line)
        if title is not None:
            name = unescape(_NAMES.get(title[2], title[2]))
            lines += [name] if title[1] == "1" else ["", name, "-" * len(name)]
        elif "<tr><t" in line and "</t" in line:
            lines += _row(line)
        elif (error := _ERROR.match(line)) is not None:
            lines.append(f"{error[1]:>5} {unescape(error[2])}")
        elif "<" not in line:
            lines.append(unescape(line))
    return "\n".join(lines)


def _row(line: str) -> list[str]:
    cells = [unescape(_TAGS.sub("", cell.rpartition("<br>")[2])).lstrip() for cell in _CELLS.findall(line)]
    if cells == _RELAY_HEAD:
        return []
    if len(cells) == 3 and not _NUMBER.fullmatch(cells[1]) and cells[0].isdigit():
        return [f"{cells[0]:>7} {cells[1]}", f"      => {cells[2]}"]
    joined = "   ".join(cells)
    return [joined if joined.startswith(("Under", "Over")) else f"  {joined}"]
