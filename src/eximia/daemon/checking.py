"""What the checker finds beside errors: names that lead nowhere, old names, secrets in the open.

Exim finds these only when mail comes by, or never. Nothing here stops the server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from eximia.acl.conditions.spf import OLD_NAMES as OLD_RESULTS
from eximia.base.errors import ConfigError
from eximia.base.namedtuple import NamedTuple
from eximia.base.options import Declaration, Kind, OptionSet, Sink
from eximia.base.span import Span
from eximia.base.template import Template
from eximia.config.binding import Given, Instance
from eximia.config.lines import BLANK, Line, split_name
from eximia.config.values import split_list

from .checking_hints import missing_acl, missing_list, missing_transport
from .checking_strings import EXPANDED, acl_names, check_item, check_pattern, check_regex, check_string
from .checking_tls import CIPHERS, check_certificates, check_ciphers
from .drivers import FAMILIES
from .loading import Configuration

_LIST_KINDS = {
    Kind.DOMAIN_LIST: "domain",
    Kind.HOST_LIST: "host",
    Kind.ADDRESS_LIST: "address",
    Kind.LOCAL_PART_LIST: "local_part",
}
#: conditions of ACLs whose value is a list
_ACL_LISTS = {
    "atrn_domains": "domain",
    "dk_sender_domains": "domain",
    "dk_senders": "address",
    "dk_sender_local_parts": "local_part",
    "dkim_signers": "domain",
    "domains": "domain",
    "hosts": "host",
    "local_parts": "local_part",
    "recipients": "address",
    "sender_domains": "domain",
    "senders": "address",
}
#: conditions of ACLs whose value is a list of regular expressions
_REGEXES = frozenset({"mime_regex", "regex"})
#: main options that are regular expressions
_PATTERNS = frozenset({"dns_check_names_pattern", "gecos_pattern"})
#: words with a plus that are no lists but change how the list is used (manual 10)
_SWITCHES = frozenset({"caseful", "ignore_unknown", "include_unknown", "ignore_defer", "include_defer"})
_VERBS = frozenset({"accept", "defer", "deny", "discard", "drop", "require", "warn"})


class _Place(NamedTuple):
    """An option that was set: where, and with which value."""

    one: Declaration
    value: Any
    span: Span
    owner: str


def warnings(configuration: Configuration) -> Iterator[ConfigError]:
    """All warnings. Those of one kind come in the order of the configuration."""
    yield from configuration.file.doubts
    yield from _old_names(configuration)
    yield from _open_secrets(configuration)
    yield from _acls(configuration)
    yield from _controls(configuration)
    yield from _main_patterns(configuration)
    yield from _transports(configuration)
    yield from _lists(configuration)
    yield from _unused_lists(configuration)
    yield from _strings(configuration)
    yield from _tls(configuration)


def _settings(options: OptionSet, given: Given, owner: str) -> Iterator[_Place]:
    for name, span in given.spans.items():
        one = options.declared.get(options.renamed.get(name, name))
        if one is not None and not one.sets:
            yield _Place(one, getattr(options, one.field), span, owner)


def _instances(configuration: Configuration) -> Iterator[tuple[str, Instance[Any]]]:
    for family in FAMILIES:
        for instance in configuration.instances.get(family.what, ()):
            yield family.what, instance


def _everywhere(configuration: Configuration) -> Iterator[_Place]:
    yield from _settings(configuration.main, configuration.given, "")
    for what, instance in _instances(configuration):
        yield from _settings(instance.options, instance.given, f"{what} {instance.name}")


def _old_names(configuration: Configuration) -> Iterator[ConfigError]:
    every = [configuration.given, *(instance.given for _, instance in _instances(configuration))]
    for given in every:
        for old, new, span in given.old_names:
            yield ConfigError(f"{old} is the old name of {new}", span)
    for name, value, span in _conditions(configuration):
        for item in split_list(value) if name in ("spf", "spf_guess") else ():
            word = item.lstrip("!" + BLANK)
            if word in OLD_RESULTS:
                yield ConfigError(f"{name}: {word} is the old name of {OLD_RESULTS[word]}", span)


def _open_secrets(configuration: Configuration) -> Iterator[ConfigError]:
    given = [(configuration.main, configuration.given, "")]
    given += [(one.options, one.given, f" of {what} {one.name}") for what, one in _instances(configuration)]
    for options, facts, owner in given:
        for place in _settings(options, facts, owner):
            text = str(getattr(place.value, "text", place.value) or "")
            if place.one.secret and text and "$" not in text and place.one.name not in facts.hidden:
                message = f"{place.one.name}{owner} may hold a secret that any user can print with -bP"
                yield ConfigError(message, place.span, f'write "hide {place.one.name} = ..."')


def _acls(configuration: Configuration) -> Iterator[ConfigError]:
    names = {block.name for block in configuration.file.acls}
    for place in _settings(configuration.main, configuration.given, ""):
        if place.one.name.startswith("acl_") and isinstance(place.value, Template) and place.value.constant:
            text = str(place.value.text).strip(BLANK)
            if _is_word(text) and text not in names and text not in _VERBS:
                yield ConfigError(f'{place.one.name}: there is no ACL "{text}"', place.span, missing_acl(text, names))
    for text, span in (*_acl_calls(configuration), *_acls_in_strings(configuration)):
        if text not in names and text not in _VERBS:
            yield ConfigError(f'there is no ACL "{text}"', span, missing_acl(text, names))


def _controls(configuration: Configuration) -> Iterator[ConfigError]:
    """Words behind `control =` that are none."""
    from eximia.acl.controls.catalogue import CONTROLS

    for name, value, span in _conditions(configuration):
        word = split_name(value)[0] if name == "control" else ""
        if word and word not in CONTROLS:
            near = CONTROLS.nearest(word)
            yield ConfigError(f'there is no control "{word}"', span, f'did you mean "{near}"?' if near else "")


def _main_patterns(configuration: Configuration) -> Iterator[ConfigError]:
    """Main options that are regular expressions."""
    for place in _settings(configuration.main, configuration.given, ""):
        if place.one.name in _PATTERNS and place.value:
            yield from check_regex(str(place.value), place.span, place.one.name)


def _acl_calls(configuration: Configuration) -> Iterator[tuple[str, Span]]:
    for name, value, span in _conditions(configuration):
        word = value.split()[0] if value.split() else ""
        if name == "acl" and _is_word(word):
            yield word, span


def _acls_in_strings(configuration: Configuration) -> Iterator[tuple[str, Span]]:
    """ACLs that strings call by name."""
    for place in _everywhere(configuration):
        if isinstance(place.value, Template) and place.one.kind in EXPANDED:
            for name in acl_names(place.value):
                yield name, place.span
    for _, value, span in _conditions(configuration):
        for name in acl_names(Template(value)):
            yield name, span


def _conditions(configuration: Configuration) -> Iterator[tuple[str, str, Span]]:
    """Name, value and place of every condition and modifier of every ACL."""
    for block in configuration.file.acls:
        for line in block.lines:
            name, after = split_name(line.text)
            if name in _VERBS:
                name, after = split_name(line.text, after + (line.text[after : after + 1] == "!"))
            text = line.text[after:].lstrip(BLANK)
            if name == "set":
                text = text[split_name(text)[1] :].lstrip(BLANK)
            if text.startswith("="):
                yield name, text[1:].strip(BLANK), line.span


def _tls(configuration: Configuration) -> Iterator[ConfigError]:
    """Ciphers and certificates."""
    yield from check_certificates(configuration.main, configuration.given)
    for place in _everywhere(configuration):
        if place.one.name in CIPHERS and isinstance(place.value, Template):
            yield from check_ciphers(place.one.name, place.value, f"{place.owner}: " if place.owner else "")


def _is_word(text: str) -> bool:
    return text[:1].isalpha() and split_name(text)[1] == len(text)


def _transports(configuration: Configuration) -> Iterator[ConfigError]:
    known = {block.name for block in configuration.file.transports}
    for place in _everywhere(configuration):
        name = place.one.name
        if name != "transport" and not name.endswith("_transport"):
            continue
        text = str(getattr(place.value, "text", place.value) or "")
        if _is_word(text) and text not in known:
            about = f"{place.owner}: " if place.owner else ""
            yield ConfigError(
                f'{about}{name}: there is no transport "{text}"', place.span, missing_transport(text, known)
            )


def _lists(configuration: Configuration) -> Iterator[ConfigError]:
    """References to named lists that do not exist."""
    for kind, lists in configuration.named_lists.items():
        for one in lists.values():
            yield from _references(configuration, kind, one.template, one.span)
    for place in _everywhere(configuration):
        kind = _LIST_KINDS.get(place.one.kind, "")
        if kind and isinstance(place.value, Template):
            yield from _references(configuration, kind, place.value, place.span)
    for name, value, span in _conditions(configuration):
        if name in _ACL_LISTS:
            yield from _references(configuration, _ACL_LISTS[name], Template(value), span)


def _unused_lists(configuration: Configuration) -> Iterator[ConfigError]:
    """Named lists that nothing names."""
    text = "\n".join(line.text for line in configuration.file.seen if isinstance(line, Line))
    if re.search(r"listnamed(_[adhl])?:[^}]*\$", text):
        return
    used = set(re.findall(r"\+([A-Za-z][A-Za-z0-9_]*)", text))
    used.update(re.findall(r"listnamed(?:_[adhl])?:\s*([A-Za-z0-9_]+)", text))
    for kind, lists in configuration.named_lists.items():
        for one in lists.values():
            if one.name not in used:
                message = f"the {kind.replace('_', ' ')} list {one.name} is never used"
                yield ConfigError(message, one.span, f"write +{one.name} where it is meant, or leave it out")


def _references(configuration: Configuration, kind: str, template: Template, span: Span) -> Iterator[ConfigError]:
    text = str(template.text)
    for item in split_list(text):
        name = item.lstrip("!" + BLANK)
        about = f"{kind.replace('_', ' ')} list"
        yield from check_pattern(name, span, about)
        yield from check_item(name, span, about)
        if not name.startswith("+") or not _is_word(name[1:]) or name[1:] in _SWITCHES:
            continue
        known: Mapping[str, object] = configuration.named_lists[kind]
        if name[1:] not in known:
            spoken = kind.replace("_", " ")
            message = f'there is no {spoken} list "{name[1:]}"'
            yield ConfigError(message, span, missing_list(kind, name[1:], known))


def _strings(configuration: Configuration) -> Iterator[ConfigError]:
    """Strings that are expanded."""
    for lists in configuration.named_lists.values():
        for one in lists.values():
            yield from check_string(one.template, one.span, f"list {one.name}", Sink.NONE)
    for place in _everywhere(configuration):
        if isinstance(place.value, Template) and place.one.kind in EXPANDED:
            about = f"{place.owner}: {place.one.name}" if place.owner else place.one.name
            yield from check_string(place.value, place.span, about, place.one.sink)
    for name, value, span in _conditions(configuration):
        yield from check_string(Template(value), span, name, Sink.NONE)
        if name in _REGEXES:
            for pattern in split_list(value):
                yield from check_regex(pattern, span, name)
