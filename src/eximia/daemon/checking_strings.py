"""What the checker finds inside strings: expansions that cannot work, regular expressions that do
not compile, and text from outside that becomes a file name, a command or a query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from eximia.base.errors import ConfigError, ExpansionError
from eximia.base.options import Kind, Sink
from eximia.base.pattern import pattern
from eximia.base.span import Span
from eximia.base.template import Template
from eximia.expand.conditions.acl import ACL
from eximia.expand.conditions.match import MatchNode
from eximia.expand.conditions.wrapped import StringsNode
from eximia.expand.flow import LANGUAGES, Flow, first_word, into, query, refused
from eximia.expand.items.function import FunctionNode
from eximia.expand.items.lookup_type import SINGLE_KEY
from eximia.expand.items.sg import SgNode
from eximia.expand.nodes import Node
from eximia.expand.parser import parse
from eximia.expand.questions import problems
from eximia.expand.variables.catalogue import OLD_NAMES
from eximia.expand.variables.reference import VariableReference

from .checking_hints import for_string

#: a list item that looks something up
_LOOKUP_ITEM = pattern(r"(?:net[0-9]*-|partial[0-9]*(?:\([^)]*\)|-))?([a-z0-9]+)[*@]*(?:,[^;]*)?;")
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


def check_string(template: Template, span: Span, about: str, sink: Sink) -> Iterator[ConfigError]:
    """What is doubtful in a string that is expanded. `about` names the option."""
    if template.constant:
        return
    tree = parse(template.text)
    found = problems(template.text)
    if found:
        message = found[0].message
        yield ConfigError(f"{about}: expansion cannot work: {message}", span, for_string(message))
        return
    yield from _old_names(tree, span, about)
    yield from _patterns(tree, span, about)
    flows = list(refused(tree))
    if sink is Sink.FILE_NAME:
        flows += into(tree, "a file name")
    elif sink is Sink.COMMAND:
        flows += into(first_word(tree), "a command")
    yield from _flows(flows, span, about)


def _old_names(tree: Node, span: Span, about: str) -> Iterator[ConfigError]:
    """Variables by the names they had before, each once."""
    used = [node.name for node in tree.walk() if isinstance(node, VariableReference)]
    for old in dict.fromkeys(name for name in used if name in OLD_NAMES):
        yield ConfigError(f"{about}: ${old} is the old name of ${OLD_NAMES[old]}", span)


def check_pattern(item: str, span: Span, about: str) -> Iterator[ConfigError]:
    """A list item that is a regular expression, unless it is known only when it is expanded."""
    text = parse(item).constant() if "$" in item or "\\" in item else item
    if text is not None and text.startswith("^"):
        yield from check_regex(text, span, about)


def check_regex(text: str, span: Span, about: str) -> Iterator[ConfigError]:
    """A regular expression that must compile."""
    from eximia.lists.regex import Regex

    try:
        Regex(text)
    except ExpansionError as error:
        yield ConfigError(f"{about}: {error.message}", span)


def _patterns(tree: Node, span: Span, about: str) -> Iterator[ConfigError]:
    """Regular expressions inside a string."""
    for node in tree.walk():
        if isinstance(node, MatchNode):
            text = node.second.constant()
        elif isinstance(node, SgNode):
            text = node.args[1].constant()
        else:
            continue
        if text is not None:
            yield from check_regex(text, span, about)


def acl_names(template: Template) -> Iterator[str]:
    """The ACLs that a string calls by a constant name: `${acl{name}...}` and the condition `acl`."""
    if template.constant or "acl" not in template.text:
        return
    for node in parse(template.text).walk():
        args: Sequence[Node] = ()
        if isinstance(node, FunctionNode | StringsNode) and (
            node.kind is ACL if isinstance(node, StringsNode) else node.name == "acl"
        ):
            args = node.args
        name = args[0].constant() if args else None
        if name and not name.startswith("/") and len(name.split()) == 1:
            yield name


def check_item(item: str, span: Span, about: str) -> Iterator[ConfigError]:
    """A list item that looks something up: in a file that text from outside names, or with a query that holds such
    text unquoted."""
    found = _LOOKUP_ITEM.match(item)
    if found is None:
        if item.startswith("/"):
            yield from _flows(into(parse(item), "a file name"), span, about)
        return
    kind, rest = found[1], parse(item[found.end() :])
    if kind in LANGUAGES:
        yield from _flows(query(kind, rest), span, about)
    elif kind in SINGLE_KEY:
        yield from _flows(into(rest, "a file name"), span, about)


def _flows(flows: Iterable[Flow], span: Span, about: str) -> Iterator[ConfigError]:
    for flow in dict.fromkeys(flows):
        yield ConfigError(f"{about}: {flow.name} comes from outside and must not become {flow.what}", span, flow.hint)
