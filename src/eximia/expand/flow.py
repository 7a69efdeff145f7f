"""Where text from outside goes in a string, found out without expanding it: for the checker (manual 11, "tainted").

What a variable holds is taken from what it is for, so this can only say what would be refused when mail comes by, not
that a string is safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .headers import HeaderReference
from .items.extract import ExtractNode
from .items.function import FunctionNode
from .items.if_ import IfNode
from .items.lookup import LookupNode
from .items.readsocket import ReadsocketNode
from .items.run import RunNode
from .items.valued import ValueNode
from .nodes import Condition, Node, Sequence, Text
from .operation import Operation
from .variables.reference import VariableReference

#: variables that hold what a sender, a client or a message says, and what to use in their place
OUTSIDE = {
    "auth1": "", "auth2": "", "auth3": "", "auth4": "", "authenticated_fail_id": "", "authenticated_sender": "",
    "domain": "$domain_data", "dnslist_text": "", "local_part": "$local_part_data",
    "local_part_prefix_v": "", "local_part_suffix_v": "", "message_body": "", "message_body_end": "",
    "message_headers": "", "message_headers_raw": "", "mime_boundary": "", "mime_content_description": "",
    "mime_content_id": "", "mime_content_type": "", "mime_filename": "", "original_domain": "$domain_data",
    "original_local_part": "$local_part_data", "parent_domain": "", "parent_local_part": "", "received_for": "",
    "recipients": "", "reply_address": "", "return_path": "", "sender_address": "", "sender_address_domain": "",
    "sender_address_local_part": "", "sender_fullhost": "", "sender_helo_name": "", "sender_host_name": "",
    "sender_ident": "", "sender_rcvhost": "", "smtp_command": "", "smtp_command_argument": "",
    "smtp_command_history": "", "thisaddress": "", "tls_in_peerdn": "", "tls_in_sni": "",
}  # fmt: skip
#: lookup types that take a query in a language of its own
LANGUAGES = frozenset(
    ("ibase", "ldap", "ldapdn", "ldapm", "mysql", "nisplus", "oracle", "pgsql", "redis", "sqlite"),
)


class Flow(NamedTuple):
    """Text from outside that would be refused: `name` with its dollar, what it would become, what helps."""

    name: str
    what: str
    hint: str


def sources(node: Node, quoter: str = "") -> Iterator[str]:
    """The names of what comes from outside into the value of `node`. What is quoted for the lookup type `quoter` does
    not count."""
    if isinstance(node, VariableReference):
        if node.name in OUTSIDE:
            yield node.name
        return
    if isinstance(node, HeaderReference):
        yield f"{node.form}h_{node.name}:"
        return
    for part in _parts(node, quoter):
        yield from sources(part, quoter)


def _parts(node: Node, quoter: str) -> Iterator[Node]:
    """The parts of a node whose text goes into its value."""
    match node:
        case Operation():
            if not node.operator.safe and not (quoter and node.name == f"quote_{quoter}"):
                yield node.subject
        case FunctionNode():
            if not node.item.safe:
                yield from node.args
        case IfNode() | LookupNode() | RunNode():
            # Conditions decide; what is looked up or printed by a command is the postmaster's.
            yield node.branches
        case ExtractNode() | ValueNode():
            # The key only chooses.
            yield from list(node.children())[1:]
        case Condition() | ReadsocketNode():
            return
        case _:
            yield from node.children()


def refused(tree: Node) -> Iterator[Flow]:
    """What is refused inside a string, whatever it is used for: names of files, commands, queries, sockets, and what
    is expanded once more."""
    for node in tree.walk():
        match node:
            case LookupNode() if node.key is not None:
                yield from into(node.target, "a file name")
            case LookupNode():
                kind = node.search.partition(",")[0]
                if kind in LANGUAGES:
                    yield from query(kind, node.target)
            case RunNode():
                yield from into(node.command if node.preexpand else first_word(node.command), "a command")
            case ReadsocketNode():
                yield from into(node.args[0], "the name of a socket")
            case FunctionNode() if node.name == "readfile":
                yield from into(node.args[0], "a file name")
            case Operation() if node.name == "expand":
                yield from into(node.subject, "a string that is expanded")


def into(node: Node, what: str) -> Iterator[Flow]:
    """What comes from outside into a place that refuses it."""
    for name in dict.fromkeys(sources(node)):
        better = OUTSIDE.get(name, "")
        yield Flow(f"${name}", what, f"use {better}, or a lookup" if better else "use the result of a lookup")


def query(kind: str, text: Node) -> Iterator[Flow]:
    """What comes unquoted from outside into a query for the lookup type `kind`."""
    quoter = {"ldapm": "ldap", "ldapdn": "ldap"}.get(kind, kind)
    for name in dict.fromkeys(sources(text, quoter)):
        yield Flow(f"${name}", f"part of a query ({kind})", f"write ${{quote_{quoter}:${name}}}")


def first_word(command: Sequence) -> Sequence:
    """The parts of a command line up to its first white space: the command's name."""
    parts: list[Node] = []
    for part in command.parts:
        parts.append(part)
        if isinstance(part, Text) and len(part.value.split(None, 1)) > (0 if part.value[-1:].isspace() else 1):
            break
    return Sequence(parts)
