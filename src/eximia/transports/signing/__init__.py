"""Signatures that the smtp transport adds: DKIM, ARC, DomainKeys (manual 58.2; features rows 1 and 9).

`signatures` is what the transport calls. The body is read once for all of them, in blocks. DKIM comes first, ARC signs
what DKIM added, DomainKeys goes on top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from eximia.mailauth.canon import BodyDigests
from eximia.mailauth.fields import Fields, split_message

if TYPE_CHECKING:
    from eximia.context import Context

    from .domainkeys import DomainKeysSigning


def wanted(options: Any) -> bool:
    """Whether these options ask for any signature."""
    return options.dkim_domain is not None or options.arc_sign is not None or options.dk_private_key is not None


def signatures(
    ctx: Context, options: Any, header: bytes, body: Callable[[], Iterable[bytes]], *, large: bool = False
) -> tuple[str, str]:
    """The fields to be put on top of `header` (LF line ends, as what is returned), and `domain:selector` of each DKIM
    signature, for the log. A `large` body is hashed in a thread. Raises Failure when a signature that must be there
    cannot be made."""
    from .arc import ArcSigning
    from .dkim import DkimSigning
    from .domainkeys import DomainKeysSigning

    fields = Fields(split_message(header)[0])
    bodies = BodyDigests()
    dkim = DkimSigning.begin(ctx, options, fields, bodies)
    arc = ArcSigning.begin(ctx, options, fields, bodies)
    domainkeys = DomainKeysSigning.begin(ctx, options, fields)
    if dkim is None and arc is None and domainkeys is None:
        return "", ""
    if large:
        ctx.process.ports.blocking(_feed, body, bodies, domainkeys)
    else:
        _feed(body, bodies, domainkeys)
    added: list[bytes] = []
    if dkim is not None:
        added = dkim.fields()
    if arc is not None:
        added = arc.fields([*added, *fields.all]) + added
    if domainkeys is not None:
        added = [domainkeys.field(), *added]
    text = b"".join(added).replace(b"\r\n", b"\n").decode("latin-1")
    return text, dkim.names if dkim is not None else ""


def _feed(body: Callable[[], Iterable[bytes]], bodies: BodyDigests, domainkeys: DomainKeysSigning | None) -> None:
    for block in body():
        if bodies:
            bodies.feed(block)
        if domainkeys is not None:
            domainkeys.feed(block)
