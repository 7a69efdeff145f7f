"""Non-filter redirection data: addresses, pipes, files and the `:special:` items (manual 22.3 to 22.6).

Text in, items out; nothing is looked up, expanded or delivered here. Filters are `filters`' business.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import EximiaError
from eximia.base.text import Untainted, like
from eximia.context.delivery import Kind
from eximia.message.address import DEFAULT_SYNTAX, AddressSyntaxError, Syntax, address_end, parse_address

#: included files may include others, but not for ever
_MAX_DEPTH = 20

_SPACE = " \t\r\n\v\f"
_SEPARATORS = _SPACE + ","


class RedirectDataError(EximiaError):
    """The data cannot be used; the address is deferred with `message`."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Verdict(Enum):
    """What the data as a whole says."""

    LIST = "list"
    #: nothing in it but `:unknown:`
    NOTHING = "nothing"
    #: `:blackhole:`
    DISCARD = "discard"
    FAIL = "fail"
    DEFER = "defer"


@dataclass(frozen=True, slots=True)
class Item:
    """One destination. `qualify_incoming` marks a local part that was written with a leading backslash: it gets the
    domain of the address that is being redirected."""

    text: str
    kind: Kind = Kind.ADDRESS
    qualify_incoming: bool = False


@dataclass(slots=True)
class Redirection:
    """The items in their order. With FAIL and DEFER `text` is the message, and items before it still count."""

    verdict: Verdict
    items: list[Item] = field(default_factory=list)
    text: str = ""
    #: messages of the items that were skipped (skip_syntax_errors)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListPolicy:
    """The options that bear on reading a list."""

    allow_defer: bool = False
    allow_fail: bool = False
    forbid_blackhole: bool = False
    forbid_include: bool = False
    include_directory: str = ""
    skip_syntax_errors: bool = False
    syntax: Syntax = DEFAULT_SYNTAX


#: path -> contents; raises RedirectDataError
IncludeReader = Callable[[str], str]


def parse_list(data: str, policy: ListPolicy, read_include: IncludeReader) -> Redirection:
    """Read redirection data. Raises RedirectDataError for what makes the whole list unusable."""
    found = Redirection(Verdict.NOTHING)
    _read(data, policy, read_include, found, 0)
    if found.verdict is Verdict.NOTHING and found.items:
        found.verdict = Verdict.LIST
    return found


def _read(data: str, policy: ListPolicy, read_include: IncludeReader, found: Redirection, depth: int) -> bool:
    """Add what `data` says to `found`; False when reading must stop."""
    pos = 0
    length = len(data)
    trusted = _trust if type(data) is Untainted else None
    while True:
        while pos < length and data[pos] in _SEPARATORS:
            pos += 1
        if pos >= length:
            return True
        if data[pos] == "#":
            newline = data.find("\n", pos)
            if newline < 0:
                return True
            pos = newline + 1
            continue
        end = address_end(data, pos, newline_ends=True)
        item = data[pos:end].rstrip(_SPACE)
        if item[:1] == ";":  # the end of a group that was not begun: an empty address
            pos = end
            continue
        rest = pos
        quoted = len(item) >= 2 and item[0] == '"' and item[-1] == '"'
        if quoted:
            item = item[1:-1]
            rest += 1
        if trusted is not None:
            item = Untainted(item)
        if item[:1] == ":" and not _special(data[rest:], item, policy, read_include, found, depth):
            return False
        if item[:1] != ":" or not _is_special(item):
            try:
                added = _parse_item(item, policy, quoted=quoted)
                if added is not None:
                    found.items.append(added if trusted is None else trusted(added))
            except AddressSyntaxError as error:
                if error.message != "empty address":
                    message = f'{error.message} in "{item}"'
                    if not policy.skip_syntax_errors:
                        raise RedirectDataError(message) from None
                    found.errors.append(message)
        pos = end


_WORDS = (":blackhole:", ":defer:", ":fail:", ":include:", ":unknown:")


def _is_special(item: str) -> bool:
    return item == ":unknown:" or item.startswith(_WORDS[:4])


def _special(
    rest: str, item: str, policy: ListPolicy, read_include: IncludeReader, found: Redirection, depth: int
) -> bool:
    """Obey a `:word:` item; False when nothing after it counts. `rest` is the data from the item on."""
    if item == ":unknown:":  # nothing by itself: it makes the router decline when nothing else is there
        return True
    if item.startswith(":include:"):
        return _include(like(item[9:].strip(_SPACE), item), policy, read_include, found, depth)
    for word, allowed, verdict in (
        (":blackhole:", not policy.forbid_blackhole, Verdict.DISCARD),
        (":defer:", policy.allow_defer, Verdict.DEFER),
        (":fail:", policy.allow_fail, Verdict.FAIL),
    ):
        if item.startswith(word):
            if not allowed:
                raise RedirectDataError(f'"{item}" is not permitted')
            found.verdict = verdict
            if verdict is Verdict.DISCARD:
                found.items.clear()
            else:
                found.text = rest[len(word) :].strip(_SPACE)
            return False
    return True


def _include(name: str, policy: ListPolicy, read_include: IncludeReader, found: Redirection, depth: int) -> bool:
    if policy.forbid_include:
        raise RedirectDataError("included files not permitted")
    if not name:
        raise RedirectDataError("file name missing after :include:")
    if name[0] != "/":
        raise RedirectDataError(f'included file "{name}" is not an absolute path')
    directory = policy.include_directory
    if directory and not (name.startswith(directory) and name[len(directory) : len(directory) + 1] == "/"):
        raise RedirectDataError(f"included file {name} is not in directory {directory}")
    if depth >= _MAX_DEPTH:
        raise RedirectDataError(f"included files nested too deeply at {name}")
    return _read(read_include(name), policy, read_include, found, depth + 1)


def _trust(item: Item) -> Item:
    """The same item of a list that did not come from outside."""
    return Item(Untainted(item.text), item.kind, item.qualify_incoming)


def _parse_item(item: str, policy: ListPolicy, *, quoted: bool) -> Item | None:
    """One address, pipe or file; None when there is nothing in it. `quoted`: quotes were around it; backslashes then
    quote in pipes and files, while an address keeps its own."""
    if not item or item == '"':
        return None
    first = item[0]
    if first in "|/":
        try:
            if parse_address(item, syntax=policy.syntax).domain:
                return Item(item)
        except AddressSyntaxError:
            pass
        if quoted and "\\" in item:
            item = _unquote(item)
        return Item(item, Kind.PIPE if first == "|" else Kind.DIRECTORY if item.endswith("/") else Kind.FILE)
    if first == "\\":
        try:
            plain = parse_address(item[1:], syntax=policy.syntax)
        except AddressSyntaxError:
            plain = None
        if plain is not None and not plain.domain:
            return Item(plain.address, qualify_incoming=True)
    return Item(parse_address(item, syntax=policy.syntax).address)


def _unquote(inner: str) -> str:
    """Backslashes quote the next character."""
    out: list[str] = []
    pos = 0
    while pos < len(inner):
        if inner[pos] == "\\" and pos + 1 < len(inner):
            pos += 1
        out.append(inner[pos])
        pos += 1
    return "".join(out)
