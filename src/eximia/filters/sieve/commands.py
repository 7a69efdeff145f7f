"""The actions of Sieve (RFC 5228 section 4, 3894, 5230, 5435). Each reads its arguments and, when told to, acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.context import FilterDelivery, Kind

from .replies import Vacation, notification, parse_mailto, wants_reply

if TYPE_CHECKING:
    from .interpreter import Sieve


def _keep(sieve: Sieve, obey: bool) -> None:
    sieve.semicolon()
    if obey:
        sieve.keep = False
        sieve.file_into("inbox")


def _discard(sieve: Sieve, obey: bool) -> None:
    sieve.semicolon()
    if obey:
        sieve.keep = False


def _copy(sieve: Sieve) -> bool:
    """The tag `:copy`."""
    if not sieve.script.tag("copy"):
        return False
    sieve.need("copy")
    return True


def _redirect(sieve: Sieve, obey: bool) -> None:
    copy = _copy(sieve)
    address = sieve.script.string()
    if address is None:
        raise sieve.script.wrong("missing redirect recipient string")
    sieve.semicolon()
    if "@" not in address:
        raise sieve.script.wrong("unqualified recipient address")
    if obey:
        sieve.redirect(address.strip())
        sieve.keep = sieve.keep and copy


def _fileinto(sieve: Sieve, obey: bool) -> None:
    sieve.need("fileinto")
    copy = _copy(sieve)
    folder = sieve.script.string()
    if folder is None:
        raise sieve.script.wrong("missing fileinto folder string")
    sieve.semicolon()
    if not folder or ".." in folder:
        raise sieve.script.wrong("invalid folder")
    if obey:
        sieve.file_into(folder)
        sieve.keep = sieve.keep and copy


def _wanted(sieve: Sieve, what: str) -> str:
    text = sieve.script.string()
    if text is None:
        raise sieve.script.wrong(f"{what} expected")
    return text


def _vacation(sieve: Sieve, obey: bool) -> None:
    sieve.need("vacation")
    script = sieve.script
    vacation = Vacation("")
    while True:
        tag = script.tag("days", "subject", "from", "addresses", "mime", "handle")
        if not tag:
            break
        if tag == "days":
            vacation.days = script.number()
            if vacation.days < 0:
                raise script.wrong("missing number")
        elif tag == "addresses":
            addresses = script.strings()
            if addresses is None:
                raise script.wrong("addresses string list expected")
            vacation.addresses = addresses
        elif tag == "mime":
            vacation.mime = True
        elif tag == "subject":
            vacation.subject = _wanted(sieve, '":subject" string')
        elif tag == "from":
            vacation.from_ = _wanted(sieve, '":from" string')
        else:
            vacation.handle = _wanted(sieve, '":handle" string')
    vacation.reason = _wanted(sieve, "reason string")
    sieve.semicolon()
    if not obey:
        return
    if sieve.vacation_seen:
        raise script.wrong("trying to execute vacation more than once")
    sieve.vacation_seen = True
    if not sieve.testing and not sieve.setup.vacation_directory:
        raise script.wrong("vacation disabled")
    if not wants_reply(sieve.ctx, vacation.addresses):
        sieve.remarks.append("Sieve: mail was not personal, vacation would ignore it")
        return
    if sieve.testing:
        sieve.remarks.append("Sieve: mail was personal, vacation would answer it")
        return
    reply = vacation.reply(sieve.ctx, sieve.setup.vacation_directory)
    sieve.deliver(FilterDelivery(Kind.REPLY, reply.to, None, True, reply=reply))


def _notify(sieve: Sieve, obey: bool) -> None:
    sieve.need("enotify")
    script = sieve.script
    from_ = message = importance = ""
    while True:
        tag = script.tag("from", "importance", "options", "message")
        if not tag:
            break
        if tag == "options":
            if script.strings() is None and script.number() < 0:
                raise script.wrong("options string list or number expected")
        elif tag == "from":
            from_ = _wanted(sieve, '":from" string')
        elif tag == "importance":
            importance = _wanted(sieve, '":importance" string')
            if importance not in ("1", "2", "3"):
                raise script.wrong("invalid importance")
        else:
            message = _wanted(sieve, '":message" string')
    method = _wanted(sieve, "method string")
    sieve.semicolon()
    target = parse_mailto(method)
    if target is None:
        raise script.wrong("malformed notification URI")
    if not obey:
        return
    owner = sieve.setup.notify_owner
    if owner is None:
        raise script.wrong("enotify disabled")
    if not sieve.ctx.message.sender_address:
        return
    reply = notification(sieve.ctx, target, message, importance, from_ or owner)
    sieve.deliver(FilterDelivery(Kind.REPLY, target.recipients[0], None, True, reply=reply))


COMMANDS: dict[str, Callable[[Sieve, bool], None]] = {
    "keep": _keep,
    "discard": _discard,
    "redirect": _redirect,
    "fileinto": _fileinto,
    "vacation": _vacation,
    "notify": _notify,
}
