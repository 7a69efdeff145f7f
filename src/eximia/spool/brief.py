"""The few things of a `-H` file that a listing of the queue shows, read fast.

Takes only well-formed files; for anything else the caller reads the file with `header_file`, which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from eximia.base.namedtuple import NamedTuple

from .tree import read_tree


class Brief(NamedTuple):
    """See the module's docstring."""

    sender: str
    login: str
    received_time: int
    frozen: bool
    sender_set_untrusted: bool
    nonrecipients: AbstractSet[str]
    recipients: list[str]
    #: bytes of the header lines that are sent
    header_bytes: int


def read_brief(text: str, message_id: str) -> Brief:
    """Raises ValueError or IndexError for a file that is not as it should be."""
    first, second, third, fourth, rest = text.split("\n", 4)
    if first[:-2] != message_id or third[:1] != "<" or third[-1:] != ">":
        raise ValueError(first)
    login = second.rsplit(" ", 2)[0]
    received = int(fourth.split(" ")[0])
    frozen = untrusted = False
    pos = 0
    while rest[pos] == "-":
        end = rest.index("\n", pos)
        start = rest[pos + 1 : pos + 5]
        if start == "froz":
            frozen = True
        elif start == "send":
            untrusted = True
        elif start == "aclm" or start == "aclc" or start == "acl " or start[0] == "-":
            option = rest[pos:end].lstrip("-")
            if option[0] == "(":
                option = option[option.index(")") + 1 :]
            if option[:3] == "acl":
                end += 1 + int(option[option.rindex(" ") :])
                if rest[end] != "\n":
                    raise ValueError(option)
        pos = end + 1
    if rest.startswith("XX\n", pos):
        done: AbstractSet[str] = frozenset()
        pos += 3
    else:
        done, pos = read_tree(rest, pos)
    end = rest.index("\n", pos)
    count = int(rest[pos:end])
    if count < 0:
        raise ValueError(count)
    *recipients, rest = rest[end + 1 :].split("\n", count)
    if len(recipients) != count or rest[0] != "\n":
        raise ValueError(count)
    for index, line in enumerate(recipients):
        if not line:
            raise ValueError(count)
        if " " in line and line[-1].isdigit():
            # No address has a space in it unless in quotes, and then other fields are read with care.
            if '"' in line:
                raise ValueError(line)
            recipients[index] = line[: line.index(" ")]
    return Brief(third[1:-1], login, received, frozen, untrusted, done, recipients, _header_bytes(rest))


def _header_bytes(rest: str) -> int:
    pos = 1
    size = len(rest)
    total = 0
    while pos < size:
        mark = pos + 3
        while rest[mark].isdigit():
            mark += 1
        length = int(rest[pos:mark])
        if rest[mark + 1] != " ":
            raise ValueError(mark)
        if rest[mark] != "*":
            total += length
        pos = mark + 2 + length
    if pos != size:
        raise ValueError(pos)
    return total
