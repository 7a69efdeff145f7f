"""The reference of all options, from their declarations: `python -m eximia.daemon.reference > docs/options.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from eximia.base.options import Declaration, Kind, OptionSet
from eximia.config.main import MainOptions
from eximia.config.printing import show_value

from .drivers import FAMILIES

_HEAD = """# Options

Written from the declarations in the code by `python -m eximia.daemon.reference`. What an option does in full is told
by Exim's manual; options marked *ours* are not in Exim.
"""
_TABLE = "| option | type | default | |\n|---|---|---|---|"


def reference() -> Iterator[str]:
    """The lines of the document."""
    yield _HEAD
    yield "## Main options\n"
    yield from _table(MainOptions, MainOptions.declared)
    for family in reversed(FAMILIES):
        title = family.section.capitalize()
        yield f"\n## {title}\n\n### Generic options of {family.section}\n"
        yield from _table(family.generic, family.generic.declared)
        for driver in family.options:
            options = family.options.get(driver)
            assert options is not None
            own = [name for name in options.declared if name not in family.generic.declared]
            yield f"\n### {driver}\n"
            if own:
                yield from _table(options, own)
            else:
                yield "No options of its own."


def _table(options: type[OptionSet], names: Iterable[str]) -> Iterator[str]:
    yield _TABLE
    for name in sorted(names):
        yield _row(options.declared[name])


def _row(one: Declaration) -> str:
    notes = one.doc
    if one.own:
        notes += " *Ours.*"
    if one.old_names:
        notes += f" Old name: {', '.join(f'`{old}`' for old in one.old_names)}."
    return f"| `{one.name}` | {one.kind.value} | {_default(one)} | {_cell(notes)} |"


def _default(one: Declaration) -> str:
    if one.sets:
        return ""
    if one.kind in (Kind.BOOL, Kind.EXPAND_BOOL):
        return "true" if one.default else "false"
    text = show_value(one.kind, one.default)
    return f"`{_cell(text)}`" if text else "unset"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Print it."""
    for line in reference():
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
