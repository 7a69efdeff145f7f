"""What the checker finds inside strings: expansions that cannot work, and tainted text that becomes a file name."""

from __future__ import annotations

from collections.abc import Iterator

from eximia.base.errors import ConfigError, ExpansionError
from eximia.base.options import Kind, Sink
from eximia.base.span import Span
from eximia.base.template import Template
from eximia.expand.nodes import Node
from eximia.expand.parser import parse
from eximia.expand.questions import problems
from eximia.expand.variables.reference import VariableReference

EXPANDED = frozenset(
    {
        Kind.EXPAND,
        Kind.EXPAND_BOOL,
        Kind.EXPAND_GID,
        Kind.EXPAND_INTEGER,
        Kind.EXPAND_OCTAL,
        Kind.EXPAND_TIME,
        Kind.EXPAND_UID,
        Kind.ADDRESS_LIST,
        Kind.DOMAIN_LIST,
        Kind.HOST_LIST,
        Kind.LOCAL_PART_LIST,
    }
)

#: variables that hold what a message says, and what to use in their place
_TAINTED = {
    "local_part": "$local_part_data",
    "domain": "$domain_data",
    "original_local_part": "$local_part_data",
    "original_domain": "$domain_data",
    "sender_address": "",
    "sender_address_domain": "",
    "sender_address_local_part": "",
    "sender_helo_name": "",
    "sender_host_name": "",
}


def check_string(template: Template, span: Span, about: str, sink: Sink) -> Iterator[ConfigError]:
    """What is doubtful in a string that is expanded. `about` names the option."""
    if template.constant:
        return
    tree = parse(template.text)
    found = problems(template.text)
    if found:
        yield ConfigError(f"{about}: expansion cannot work: {found[0].message}", span)
    elif sink is Sink.FILE_NAME:
        yield from _tainted(tree, span, about)


def check_pattern(item: str, span: Span, about: str) -> Iterator[ConfigError]:
    """A list item that is a regular expression, unless it must be expanded first."""
    if item.startswith("^") and "$" not in item.removesuffix("$") and "\\" not in item:
        from eximia.lists.regex import Regex

        try:
            Regex(item)
        except ExpansionError as error:
            yield ConfigError(f"{about}: {error.message}", span)


def _tainted(tree: Node, span: Span, about: str) -> Iterator[ConfigError]:
    """Variables straight in a file name; inside a lookup's key and the like they do no harm."""
    for node in tree.children():
        if isinstance(node, VariableReference) and node.name in _TAINTED:
            better = _TAINTED[node.name]
            message = f"{about}: ${node.name} comes from outside and cannot become a file name"
            yield ConfigError(message, span, f"use {better}, or a lookup" if better else "use the result of a lookup")
