"""`dnslists`: whether an address or a name is on a DNS list (manual 44.27 to 44.37, RFC 5782)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import NOT_OVER_SMTP
from eximia.acl.run import Run
from eximia.base.errors import Defer
from eximia.base.listtext import split_list
from eximia.base.namedtuple import NamedTuple
from eximia.base.span import NOWHERE
from eximia.dns import Status
from eximia.dns.lookup import lookup
from eximia.dns.names import reverse_name

#: a lookup that failed for now is not repeated for so long, seconds
_FAILURE_KEPT = 3600
_USUAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")


class Restriction(NamedTuple):
    """What follows the list's name: which values of its address records count (manual 44.33 to 44.35).

    `masks`: `&`, compare by bits; `every`: doubled, all records must match; `negated`: `!`.
    """

    text: str
    values: tuple[str, ...]
    masks: bool
    every: bool
    negated: bool

    def fits(self, address: str) -> bool:
        """Whether one record has a value that is looked for. Only masks are about 127.0.0.0/8: a value that is
        written out is meant."""
        if not self.masks:
            return address in self.values
        number = _number(address)
        if number is None:
            return False
        return any(mask is not None and number & mask == mask for mask in map(_number, self.values))

    @property
    def why_not(self) -> str:
        """Why the records do not count, for people."""
        if self.every:
            return (
                f"there were no IP addresses that did not match for {self.text}"
                if self.negated
                else f"there was an IP address that did not match for {self.text}"
            )
        if self.negated:
            return f"there was an exclude match for {self.text}"
        return f"there was no match for {self.text}"


class Item(NamedTuple):
    """One item of the condition. `domain` is asked, then `text_domain` (usually the same) must list the key too and
    gives the text. `keys` None: the client's address."""

    domain: str
    text_domain: str
    restriction: Restriction | None
    keys: list[str] | None


class _Found(NamedTuple):
    """A remembered lookup. `addresses` None: there is no such record; `deferred`: it is not known."""

    addresses: tuple[str, ...] | None
    deferred: bool
    expires: float


def parse_item(text: str) -> Item:
    """Read `domain[,domain][!][=|&|==|=&values][/keys]`."""
    name, slash, keys = text.partition("/")
    restriction = None
    at = name.find("&")
    masks = at >= 0
    if not masks:
        at = name.find("=")
    if at >= 0:
        start, values = at, name[at + 1 :]
        every = False
        if masks and name[at - 1 : at] == "=":
            every, start = True, at - 1
        elif not masks and values.startswith("="):
            every, values = True, values[1:]
        negated = name[start - 1 : start] == "!" if start else False
        shown = name[start:]
        words = tuple(value.strip() for value in values.split(","))
        restriction = Restriction(shown, words, masks, every, negated)
        name = name[: start - 1] if negated else name[:start]
    first, comma, second = name.partition(",")
    return Item(second if comma else first, first, restriction, split_list(keys) if slash else None)


def _number(text: str) -> int | None:
    """An IPv4 address as a number, None for anything else."""
    parts = text.strip().split(".")
    if len(parts) != 4:
        return None
    number = 0
    for part in parts:
        if not (part.isascii() and part.isdigit()) or int(part) > 255:
            return None
        number = number << 8 | int(part)
    return number


def query_name(key: str, domain: str) -> str:
    """The name to look up: an address is inverted, a name is not."""
    reversed_name = reverse_name(key)
    if reversed_name is not None:
        key = reversed_name.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    return f"{key}.{domain}"


def _check(one: Run, text: str) -> bool:
    unknown = "+exclude_unknown"
    for word in split_list(text):
        if one.debug:
            one.say(f"dnslists check: {word}")
        if word.startswith("+"):
            if word.lower() in {"+include_unknown", "+exclude_unknown", "+defer_unknown"}:
                unknown = word.lower()
            else:
                one.ctx.process.log.panic(f"unknown item in dnslist (ignored): {word}", one.ctx.message.id)
            continue
        if _check_item(one, parse_item(word), unknown):
            return True
    return False


def _check_item(one: Run, item: Item, unknown: str) -> bool:
    for domain in dict.fromkeys((item.text_domain, item.domain)):
        if not _USUAL.issuperset(domain):
            _log(one, f'dnslists domain "{domain}" contains strange characters - is this right?')
    keys = item.keys
    if keys is None:
        if not one.ctx.session.sender_host_address:
            return False
        keys = [one.ctx.session.sender_host_address]
    deferred = False
    for key in keys:
        try:
            if _listed(one, item, key, unknown):
                return True
        except Defer:
            deferred = True
    if deferred:
        raise Defer("")
    return False


def _listed(one: Run, item: Item, key: str, unknown: str) -> bool:
    """Whether `key` is on the list, as far as the restriction counts. Raises Defer when that is asked for."""
    name = query_name(key, item.domain)
    found = _look_up(one, name)
    if one.trace is not None:
        came = "no answer" if found.deferred else ", ".join(found.addresses or ("not listed",))
        one.trace.step("lookup", NOWHERE, name, came, "dnslists")
    if found.deferred:
        return _decide_unknown(one, item, key, name, unknown)
    if found.addresses is None:
        _explain(one, key, item.domain, listed=False, name=name)
        return False
    if one.debug:
        one.say(f"DNS lookup for {name} succeeded (yielding {', '.join(found.addresses)})")
    if item.restriction is None:
        if not _sensible(one, key, item.domain, found.addresses):
            return False
    elif not _accepts(one, item.restriction, key, item.domain, found.addresses):
        if one.debug:
            one.say("=> but we are not accepting this block class because")
            one.say(f"=> {item.restriction.why_not}")
        return False
    if item.text_domain != item.domain:
        name = query_name(key, item.text_domain)
        found = _look_up(one, name)
        if found.deferred:
            return _decide_unknown(one, item, key, name, unknown)
        if found.addresses is None or not _sensible(one, key, item.text_domain, found.addresses):
            _explain(one, key, item.text_domain, listed=False, name=name)
            return False
        if one.debug:
            one.say(f"DNS lookup for {name} succeeded (yielding {', '.join(found.addresses)})")
    assert found.addresses is not None
    session = one.ctx.session
    session.dnslist_value = ", ".join(found.addresses)
    session.dnslist_text = _text(one, name)
    _note_match(one, item, key)
    return True


def _decide_unknown(one: Run, item: Item, key: str, name: str, unknown: str) -> bool:
    decisions = {
        "+include_unknown": "assumed in list",
        "+exclude_unknown": "assumed not in list",
        "+defer_unknown": "returned DEFER",
    }
    if one.ctx.process.log.selectors.dnslist_defer:
        _log(one, f"DNS list lookup defer (probably timeout) for {name}: {decisions[unknown]}")
    if unknown == "+defer_unknown":
        raise Defer("")
    if unknown == "+exclude_unknown":
        return False
    _note_match(one, item, key)
    return True


def _note_match(one: Run, item: Item, key: str) -> None:
    session = one.ctx.session
    session.dnslist_domain = item.text_domain
    session.dnslist_matched = key
    if one.debug:
        one.say(f"=> that means {key} is listed at {item.text_domain}")


def _explain(one: Run, key: str, domain: str, *, listed: bool, name: str) -> None:
    if one.debug and not listed:
        one.say(f"DNS lookup for {name} failed")
        one.say(f"=> that means {key} is not listed at {domain}")


def _accepts(one: Run, restriction: Restriction, key: str, domain: str, addresses: tuple[str, ...]) -> bool:
    """Whether the records of a list count; no more of them are looked at than it takes."""
    matched = False
    for address in addresses:
        if restriction.masks and not _is_sensible(one, key, domain, address):
            matched = False
        else:
            matched = restriction.fits(address)
        if matched is not restriction.every:
            break
    return matched is not restriction.negated


def _sensible(one: Run, key: str, domain: str, addresses: tuple[str, ...]) -> bool:
    """Whether there is a record inside 127.0.0.0/8: others come from a list whose domain was lost."""
    sensible = [_is_sensible(one, key, domain, address) for address in addresses]
    return True in sensible


def _is_sensible(one: Run, key: str, domain: str, address: str) -> bool:
    if address.startswith("127."):
        return True
    _log(one, f"DNS list lookup for {key} at {domain} returned {address}; not in 127.0/8 and discarded")
    return False


def _look_up(one: Run, name: str) -> _Found:
    """The A records of `name`; asked once a session, as long as the records may be kept."""
    process = one.ctx.process
    kept: dict[str, _Found] = one.ctx.session.notes.setdefault("dnslists", {})
    now = process.ports.clock.time()
    found = kept.get(name)
    if found is not None and found.expires > now:
        if one.debug:
            one.say("dnslists: using result of previous lookup")
        return found
    if one.debug:
        one.say(f"new DNS lookup for {name}")
    answer = lookup(one.ctx, name, "A")
    if answer.status is Status.FOUND:
        found = _Found(tuple(record.address for record in answer.records), False, now + answer.ttl)
    elif answer.status is Status.AGAIN:
        found = _Found(None, True, now + _FAILURE_KEPT)
    else:
        found = _Found(None, False, now + (answer.ttl or _FAILURE_KEPT))
    kept[name] = found
    if one.debug:
        one.say(f"dnslists: wrote cache entry, ttl={int(found.expires - now)}")
    return found


def _text(one: Run, name: str) -> str:
    """The first string of the TXT record beside an address record."""
    answer = lookup(one.ctx, name, "TXT")
    for record in answer.records:
        for string in record.strings:
            return str(string, "latin-1")
    return ""


def _log(one: Run, text: str) -> None:
    one.ctx.process.log.main(text, one.ctx.message.id)


DNSLISTS = Handler("dnslists", _check, forbidden=NOT_OVER_SMTP)
