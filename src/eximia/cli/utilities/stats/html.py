"""A report of eximstats as a page of HTML."""

from __future__ import annotations

from collections.abc import Sequence

from .report import Durations, Errors, Histogram, Patterns, Relays, Report, Section, Top, Totals, Transports

_HEAD = """\
<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html>
<head>
<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-15">
<title>{title}</title>
</head>
<body bgcolor="white">
<h1>{title}</h1>
"""
_END = "</td><td>\n</td></tr></table>\n"


def render(report: Report) -> str:
    """The whole page."""
    sections = list(report.sections())
    entries = [(_anchor(each), _entry(each)) for each in sections if not _unlisted(each)]
    contents = "".join(f'<li><a href="#{anchor}">{entry}</a>\n' for anchor, entry in entries)
    body = "".join(_section(section) for section in sections)
    return f"{_HEAD.format(title=report.title)}<ul>\n{contents}</ul>\n<hr>\n{body}</body>\n</html>\n"


def _unlisted(section: Section) -> bool:
    """Whether the contents do not name it."""
    return (isinstance(section, Top) and section.unlisted) or (isinstance(section, Histogram) and section.own)


def _anchor(section: Section) -> str:
    match section:
        case Totals():
            return "Grandtotal"
        case Patterns():
            return "Patterns"
        case Transports():
            return "Transport"
        case Histogram():
            return section.what
        case Durations():
            return section.title.replace(":", "")
        case Relays():
            return "Relayed messages"
        case Top():
            return f"{section.column} {'volume' if section.volume else 'count'}"
        case Errors():
            return "errors"


def _entry(section: Section) -> str:
    match section:
        case Totals():
            return "Grand total summary"
        case Patterns():
            return "User Specified Patterns"
        case Transports():
            return "Deliveries by Transport"
        case Histogram():
            # the contents do not go into detail
            return f"{section.what} per hour"
        case Relays():
            return "Relayed messages"
        case Errors():
            return "List of errors"
        case Durations():
            return section.title
        case Top():
            return f"Top {section.number} {section.what}s by {section.order}"


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _heading(section: Section, title: str = "") -> str:
    return f'<hr><a name="{_anchor(section)}"></a><h2>{title or _entry(section)}</h2>\n'


def _numbers(fields: Sequence[str]) -> str:
    return "".join(f'<td align="right">{field}</td>' for field in fields)


def _section(section: Section) -> str:
    match section:
        case Totals():
            return _totals(section)
        case Patterns():
            rows = "".join(f"<tr><td>{_safe(name)}</td>{_numbers([str(count)])}\n" for name, count in section.counts)
            table = (
                f'<table border=0 width="100%">\n<tr><td>\n<table border=1>\n<tr><th>&nbsp;</th><th>Total</th>\n{rows}'
            )
            return f"{_heading(section)}{table}</table>\n\n"
        case Transports():
            rows = "".join(
                f"<tr><td>{_safe(name)}</td>{_numbers([volume, str(count)])}\n" for name, volume, count in section.rows
            )
            head = "<tr><th>&nbsp;</th><th>Volume</th><th>Messages</th>\n"
            table = f'<table border=0 width="100%"><tr><td><table border=1>\n{head}'
            return f"{_heading(section)}{table}{rows}</tr></table></td><td></td><td></td></tr></table>\n\n"
        case Histogram():
            rows = "".join(f"{label} {count:>6} {dots}\n" for label, count, dots in section.rows)
            table = f'<table border=0 width="100%">\n<tr><td><pre>\n{rows}\n</pre>\n{_END}'
            return _heading(section, f"{section.title} ({section.dot})") + table
        case Durations():
            return _durations(section)
        case Relays():
            return _relays(section)
        case Top():
            return _top(section)
        case Errors():
            rows = "".join(f"<li>{count} - {_safe(text)}\n" for count, text in section.rows)
            every = sum(count for count, _ in section.rows)
            return f"{_heading(section)}<ul><li><b>Count - Error</b>\n{rows}</ul>\n<p>\nErrors encountered: {every}\n"


def _totals(section: Totals) -> str:
    columns = "".join(f"<th>{name}</th>" for name in section.columns)
    shares = "<th colspan=2>At least one addr<br>Delayed</th><th colspan=2>At least one addr<br>Failed</th>"
    head = f"<tr><th>TOTAL</th><th>Volume</th><th>Messages</th><th>Addresses</th>{columns}{shares}\n"
    rows = "".join(f"<tr><td>{name}</td>{_numbers(fields)}\n" for name, *fields in section.rows)
    return f'<a name="Grandtotal"></a>\n<h2>Grand total summary</h2>\n<table border=1>\n{head}{rows}</table>\n'


def _durations(section: Durations) -> str:
    head = "<tr><th>Time</th><th>Messages</th><th>Percentage</th><th>Cumulative Percentage</th>\n"
    rows = []
    for label, bound, count, share, so_far in section.rows:
        fields = [f"{label:<5} {bound}", str(count), f"{share:5.1f}%", f"{so_far:5.1f}%"]
        rows.append(f"<tr>{_numbers(fields)}\n")
    table = f'<table border=0 width="100%"><tr><td><table border=1>\n{head}{"".join(rows)}'
    return f"{_heading(section)}{table}</table></td><td></td></tr></table>\n\n"


def _relays(section: Relays) -> str:
    if not section.rows and not section.hidden:
        return f"{_heading(section)}No relayed messages\n\n"
    rows = "".join(
        f'<tr><td align="right">{count}</td><td>{_safe(source)}</td><td>{_safe(target)}</td>\n'
        for count, source, target in section.rows
    )
    shown = sum(count for count, _, _ in section.rows)
    table = f"<table border=1>\n<tr><th>Count</th><th>From</th><th>To</th>\n{rows}</table>\n<p>\n"
    return f"{_heading(section)}{table}{rows and chr(10)}Total: {shown} (plus {section.hidden} unshown)\n\n"


def _top(section: Top) -> str:
    side = "left" if section.left else "right"
    columns = ["Messages"]
    if not section.plain:
        if any(row[1] is not None for row in section.rows):
            columns.append("Addresses")
        columns += ["Bytes", "Average"]
    head = "".join(f'<th align="right">{name}</th>' for name in columns)
    head = f'<tr>{head}<th align="{side}" nowrap>{section.column}</th></tr>\n'
    rows = []
    for messages, addresses, volume, average, name in section.rows:
        fields = [str(messages)]
        if not section.plain:
            fields += [] if addresses is None else [str(addresses)]
            fields += [volume, average]
        rows.append(f'<tr>{_numbers(fields)}<td align="{side}" nowrap>{_safe(name)}</td></tr>\n')
    table = f'<table border=0 width="100%">\n<tr><td>\n<table border=1>\n{head}{"".join(rows)}</table>\n'
    return f"{_heading(section, section.title)}{table}</td><td>\n{_END}\n"
