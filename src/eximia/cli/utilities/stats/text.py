"""A report of eximstats as plain text."""

from __future__ import annotations

import re

from .report import Durations, Errors, Histogram, Patterns, Relays, Report, Section, Top, Totals, Transports

#: an error longer than this is continued on the next line, after the first blank beyond a column
_LONG = 65
_WRAP = re.compile(r"(.{50,}?)\s+")


def render(report: Report) -> str:
    """The whole report."""
    return f"\n{report.title}\n\n" + "".join(_section(section) for section in report.sections())


def _title(text: str) -> str:
    return f"{text}\n{'-' * len(text)}\n"


def _section(section: Section) -> str:
    match section:
        case Totals():
            return _totals(section)
        case Patterns():
            rows = "".join(f"  {name:<18} {count:>7}\n" for name, count in section.counts)
            return f"{_title('User Specified Patterns')}{'Total':>28}\n{rows}\n"
        case Transports():
            rows = "".join(f"  {name:<16}    {volume:>6}{count:>12}\n" for name, volume, count in section.rows)
            return f"{_title('Deliveries by transport')}{'Volume':>28}{'Messages':>12}\n{rows}\n"
        case Histogram():
            rows = "".join(f"{label} {count:>6} {dots}\n" for label, count, dots in section.rows)
            return f"{_title(f'{section.title} ({section.dot})')}\n{rows}\n"
        case Durations():
            return f"{_title(section.title)}\n{''.join(map(_duration, section.rows))}\n"
        case Relays():
            return _relays(section)
        case Top():
            return _top(section)
        case Errors():
            rows = "".join(f"{count:5d} {_wrapped(text)}\n\n" for count, text in section.rows)
            every = sum(count for count, _ in section.rows)
            return f"{_title('List of errors')}\n{rows}{_title(f'Errors encountered: {every}')}"


def _wrapped(text: str) -> str:
    lines = []
    while len(text) > _LONG:
        found = _WRAP.match(text)
        if found is None:
            break
        lines.append(found[1])
        text = text[found.end() :]
    return "\n\t    ".join([*lines, text])


def _totals(section: Totals) -> str:
    columns = "".join(f"{name:>9}" for name in section.columns[1:])
    head = f"  TOTAL               Volume   Messages Addresses{section.columns[0]:>10}{columns}"
    lines = [
        _title("Grand total summary"),
        f"{' ' * (66 + 9 * (len(section.columns) - 1))}At least one address\n",
        f"{head}      Delayed       Failed\n",
    ]
    count = len(section.columns)
    for name, volume, messages, addresses, *rest in section.rows:
        others = f"{rest[0]:>10}" + "".join(f"{each:>9}" for each in rest[1:count])
        line = f"  {name:<16} {volume:>9}{messages:>11}{addresses:>10}{others}"
        if len(rest) > count:
            delayed, delayed_share, failed, failed_share = rest[count:]
            line += f"  {delayed:>6} {delayed_share} {failed:>6} {failed_share}"
        lines.append(f"{line}\n")
    return "".join(lines) + "\n"


def _duration(row: tuple[str, str, int, float, float]) -> str:
    label, bound, count, share, so_far = row
    return f"{label:<5} {bound:>4} {count:>8} {share:>5.1f}%  {so_far:>5.1f}%\n"


def _relays(section: Relays) -> str:
    if not section.rows and not section.hidden:
        return f"{_title('No relayed messages')}\n"
    lines = "".join(f"{count:7d} {source}\n      => {target}\n" for count, source, target in section.rows)
    shown = sum(count for count, _, _ in section.rows)
    return f"{_title('Relayed messages')}\n{lines}{lines and chr(10)}Total: {shown} (plus {section.hidden} unshown)\n\n"


def _top(section: Top) -> str:
    if section.plain:
        head = f"  Messages   {section.column}\n"
        rows = "".join(f"{row[0]:>10}   {row[4]}\n" for row in section.rows)
        return f"{_title(section.title)}{head}{rows}\n"
    with_addresses = any(row[1] is not None for row in section.rows)
    head = f"  Messages{'  Addresses' if with_addresses else ''}      Bytes    Average   {section.column}\n"
    lines = []
    for messages, addresses, volume, average, name in section.rows:
        middle = f"{addresses:>11}" if with_addresses else ""
        lines.append(f"{messages:>10}{middle} {volume:>10} {average:>10}   {name}\n")
    return f"{_title(section.title)}{head}{''.join(lines)}\n"
