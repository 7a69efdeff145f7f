"""What has to be hashed of a message while it comes in.

Decided when its header is there; a message without signatures costs a look at its header names. The header is kept as
it came, since the server mends its own copy. ARC is checked only when an ACL asks for it: its body hashes are made
from the stored body then, unless those for DKIM will do, as they nearly always do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.dns.lookup import lookup, lookup_all
from eximia.mailauth.dkim.policy import Policy
from eximia.mailauth.dkim.verify import Verification
from eximia.mailauth.domainkeys.verify import Verification as DomainKeysVerification
from eximia.mailauth.fields import Fields
from eximia.mailauth.txt import Txt, asking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eximia.context import Context
    from eximia.dns.answer import Answer

_NOTE = "signatures"


class Arriving:
    """The signatures of one message. `dkim` and `domainkeys` are None when they are not to be checked."""

    __slots__ = ("dkim", "domainkeys", "fields")

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.dkim: Verification | None = None
        self.domainkeys: DomainKeysVerification | None = None

    @property
    def needs_body(self) -> bool:
        """Whether `feed` has anything to do."""
        dkim, domainkeys = self.dkim, self.domainkeys
        return (dkim is not None and dkim.needs_body) or (domainkeys is not None and domainkeys.needs_body)

    def feed(self, data: bytes) -> None:
        """A piece of the body."""
        if self.dkim is not None:
            self.dkim.feed(data)
        if self.domainkeys is not None:
            self.domainkeys.feed(data)


def begin(ctx: Context, lines: Sequence[str]) -> Arriving | None:
    """The header has come, as these lines. None when nothing of the body has to be hashed."""
    message = ctx.message
    arriving = Arriving(Fields([line.encode("latin-1") for line in lines]))
    if not message.dkim_disable_verify and arriving.fields.named(b"dkim-signature"):
        arriving.dkim = Verification(arriving.fields, dkim_policy(ctx))
    if message.dk_verify:
        arriving.domainkeys = DomainKeysVerification(arriving.fields)
    message.notes[_NOTE] = arriving
    return arriving if arriving.needs_body else None


def arriving_of(ctx: Context) -> Arriving | None:
    """What `begin` made for this message."""
    found: Arriving | None = ctx.message.notes.get(_NOTE)
    return found


def dkim_policy(ctx: Context) -> Policy:
    """What the main options accept. Beyond that we follow the manual: neither the time of expiry nor a signed From: is
    asked for; an ACL can."""
    known: Policy | None = ctx.process.caches.get("dkim.policy")
    if known is None:
        main = ctx.process.main
        bits = {}
        for item in main.dkim_verify_min_keysizes.text.replace(":", " ").split():
            name, _, size = item.partition("=")
            if size.isdigit():
                bits[name.lower()] = int(size)
        known = ctx.process.caches["dkim.policy"] = Policy(
            hashes=_words(main.dkim_verify_hashes.text),
            keytypes=_words(main.dkim_verify_keytypes.text),
            min_bits=bits,
            expiry=False,
            require_from=False,
        )
    return known


def _words(text: str) -> tuple[str, ...]:
    return tuple([word.strip().lower() for word in text.split(":")])


def txt_of(ctx: Context) -> Txt:
    """Questions for keys, over the server's resolver and its cache."""

    def ask(name: str, rtype: str) -> Answer:
        return lookup(ctx, name, rtype)

    return asking(ask)


def keys_of(ctx: Context, names: Sequence[str]) -> Txt:
    """The same when the names are known: several are asked for at the same time."""
    if len(names) < 2:
        return txt_of(ctx)
    questions = [(name, "TXT") for name in names]
    answers = dict(zip(questions, lookup_all(ctx, questions), strict=True))

    def ask(name: str, rtype: str) -> Answer:
        found = answers.get((name, rtype))
        return lookup(ctx, name, rtype) if found is None else found

    return asking(ask)
