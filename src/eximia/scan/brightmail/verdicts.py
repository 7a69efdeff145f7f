"""The verdicts of a message: base64 strings joined by colons in its `-H` file, each for some of the recipients.

Those of the vendor's library are its own; ours, of the other engines, are JSON.
"""

from __future__ import annotations

from binascii import Error as BadBase64
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence

from eximia.base.errors import EximiaError
from eximia.base.namedtuple import NamedTuple
from eximia.base.text import Untainted
from eximia.context import Context

#: deliver, deliver to another place, do not deliver
DEFAULT, ALTERNATE, DISCARD = "default", "alternate", "discard"
_NOTE = "bmi_read"


class Verdict(NamedTuple):
    """What is to become of the message for `recipients` (lower case; none: for all). `rules`: the numbers of the
    rules that fired, among those that the configuration asks for."""

    text: str
    recipients: frozenset[str]
    action: str = DEFAULT
    location: str = ""
    rules: frozenset[str] = frozenset()
    tracker: str = ""


def encode(recipients: Sequence[str], action: str, location: str, rules: Sequence[str], tracker: str) -> str:
    """A verdict of our own as text."""
    import json

    fields = {"eximia": 1, "recipients": list(recipients), "action": action, "location": location}
    return b2a_base64(json.dumps({**fields, "rules": list(rules), "tracker": tracker}).encode(), newline=False).decode()


def decode(text: str) -> Verdict | None:
    """None for one that is not ours."""
    import json

    try:
        fields = json.loads(a2b_base64(text))
        if not isinstance(fields, dict) or fields.get("eximia") != 1:
            return None
        return Verdict(
            text,
            frozenset(each.lower() for each in fields["recipients"]),
            fields["action"],
            fields["location"],
            frozenset(fields["rules"]),
            fields["tracker"],
        )
    except (BadBase64, ValueError, KeyError, TypeError, AttributeError):
        return None


def verdict_for(ctx: Context, address: str) -> Verdict | None:
    """The verdict of the envelope recipient `address`; None when there is none."""
    notes = ctx.message.notes
    texts: str = notes.get("bmi_verdicts", "")
    if not texts:
        return None
    read: list[Verdict] | None = notes.get(_NOTE)
    if read is None:
        read = notes[_NOTE] = _read(ctx, texts.split(":"))
    address = address.lower()
    return next((each for each in read if not each.recipients or address in each.recipients), None)


def _read(ctx: Context, texts: Sequence[str]) -> list[Verdict]:
    found = [decode(text) for text in texts]
    foreign = [text for text, verdict in zip(texts, found, strict=True) if verdict is None]
    own = [verdict for verdict in found if verdict is not None]
    if not foreign:
        return own
    from .library import read_verdicts

    try:
        return own + read_verdicts(ctx, foreign, _rules(ctx))
    except EximiaError as error:
        ctx.process.log.panic(f"Brightmail: {error}", ctx.message.id)
        return own


def _rules(ctx: Context) -> list[str]:
    """The rule numbers that any router asks for: the library is asked for each."""
    routers = getattr(ctx.process.config, "routers", None)
    wanted: set[str] = set()
    for router in getattr(routers, "routers", ()):
        wanted.update(rules_of(router.options.bmi_rule))
    return sorted(wanted)


def rules_of(option: Untainted | None) -> frozenset[str]:
    """The numbers in a router's `bmi_rule`."""
    return frozenset(option.replace(" ", "").split(":")) if option else frozenset()
