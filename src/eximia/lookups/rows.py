"""How rows of databases become text (manual 9.21), shared by the SQL types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def quoted_value(value: str) -> str:
    """A value after `name=`: in double quotes when it is empty or has white space or begins with a quote."""
    if value and not any(char.isspace() for char in value) and value[0] != '"':
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def format_rows(names: Sequence[str], rows: Iterable[Sequence[str | None]], null: str = "<NULL>") -> str | None:
    """One field: the values, a line for each row. More: `name=value ` for each field. None when there is no row."""
    lines = []
    single = len(names) == 1
    for row in rows:
        if single:
            lines.append("" if row[0] is None else row[0])
        else:
            fields = (
                f"{name}={quoted_value(null if value is None else value)} "
                for name, value in zip(names, row, strict=True)
            )
            lines.append("".join(fields))
    return "\n".join(lines) if lines else None
