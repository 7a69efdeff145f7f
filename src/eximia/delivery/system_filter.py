"""What the system filter makes of a message's recipients (manual 47)."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from eximia.base.errors import Defer, ExpansionError
from eximia.base.ports import Identity
from eximia.base.text import is_tainted
from eximia.context import Address, FilterDelivery, FilterResult, Kind
from eximia.expand import expand
from eximia.logs.printing import printing
from eximia.message.header import Header
from eximia.routers.engine import split
from eximia.routers.redirect.filtering import packed, unpacked

from .outcomes import note_not_yet

if TYPE_CHECKING:
    from .attempt import Attempt

#: seconds that it may take
_TIMEOUT: Final = 300.0
_TRANSPORTS = {
    Kind.PIPE: "pipe",
    Kind.FILE: "file",
    Kind.DIRECTORY: "directory",
    Kind.REPLY: "reply",
}


def run_system_filter(attempt: Attempt) -> FilterResult | None:
    """Run it, log what it decided, and put its deliveries into `attempt.new`. None: it cannot be used, and nothing is
    to be tried. Header changes it has made itself, so that its later commands saw them."""
    message = attempt.message
    log = attempt.log
    result = _interpreted(attempt)
    wrong = result.message if result.verdict == "error" else _write_log_lines(attempt, result)
    if wrong:
        log.panic(f"Error in system filter: {wrong}", message.id)
        return None
    if result.headers_add or result.headers_remove:
        attempt.progress.changed = True
    if result.verdict == "freeze" and message.manually_thawed:
        result.verdict = "ok"
    if result.verdict == "defer":
        log.main("Delivery deferred by system filter", message.id)
        attempt.progress.plain_note("Delivery deferred by system filter")
    elif result.verdict == "freeze":
        attempt.wanted_freeze = True
        message.manually_thawed = False
        why = f": {printing(result.message)}" if result.message else ""
        attempt.freeze_reason = f" by the system filter{why}"
    elif result.verdict == "fail":
        why = result.log_message or result.message
        log.main(f"cancelled by system filter{': ' if why else ''}{printing(why)}", message.id)
    elif result.verdict == "delivered":
        text = "original recipients ignored (system filter)" if result.deliveries else "=> discarded (system filter)"
        log.main(text, message.id)
    if result.deliveries:
        _deliver(attempt, result.deliveries)
    return result


def _interpreted(attempt: Attempt) -> FilterResult:
    """What it comes to. Root has a copy of this process do it as the filter's user; that copy's changes of the header
    lines are made here, too."""
    process, ctx, message = attempt.process, attempt.ctx, attempt.message
    identity = _identity(attempt)

    def interpret() -> FilterResult:
        result: FilterResult = process.services.filters.run_system(ctx)
        return result

    def interpret_as_user() -> str:
        result = interpret()
        lines = [(header.text, header.type) for header in message.headers]
        return json.dumps([packed(result), lines, message.notes.get("headers_charset")])

    if identity.uid in (0, os.geteuid()):
        return interpret()
    try:
        answer = process.ports.as_user(process, identity, interpret_as_user, timeout=_TIMEOUT)
    except Defer as error:
        return FilterResult("error", message=error.message)
    if answer is None:
        return interpret()
    text, lines, charset = json.loads(answer)
    result = unpacked(text)
    if result.headers_add or result.headers_remove:
        message.headers = [Header(*line) for line in lines]
    message.filter_numbers = [0] * 10 + result.numbers
    if charset is not None:
        message.notes["headers_charset"] = charset
    return result


def _identity(attempt: Attempt) -> Identity:
    """Whose files and commands the filter's are: the user's that is set, or the mail user's."""
    main = attempt.process.main
    if main.system_filter_user is not None:
        return Identity(main.system_filter_user, main.system_filter_group)
    spool = attempt.process.spool
    return Identity(spool.uid if spool.uid >= 0 else os.geteuid(), spool.gid if spool.gid >= 0 else os.getegid())


def _write_log_lines(attempt: Attempt, result: FilterResult) -> str:
    """Write the lines of `logwrite`; why that cannot be done, or ""."""
    if not result.log_lines:
        return ""
    lines = [list(line) for line in result.log_lines]
    try:
        answer = attempt.process.ports.agents.run(_identity(attempt), "filter_log", {"lines": lines}, timeout=60)
    except Defer as error:
        return error.message
    return str(answer.get("error", ""))


def _deliver(attempt: Attempt, deliveries: list[FilterDelivery]) -> None:
    """What the filter wants delivered, as children of an address that stands for it."""
    parent = Address("system-filter")
    parent.unique = "system-filter"
    parent.child_count = parent.children_pending = 1 << 30
    parent.local_part = parent.full_local_part = parent.local_part_original = "system-filter"
    main = attempt.process.main
    parent.domain = str(main.qualify_recipient or main.qualify_domain or attempt.process.primary_hostname).lower()
    identity = _identity(attempt)
    for delivery in reversed(deliveries):
        address = Address(delivery.text, parent=parent, kind=delivery.kind)
        if delivery.errors_to is not None:
            address.errors_address = delivery.errors_to
        address.ignore_error = delivery.ignore_error
        if delivery.kind is Kind.ADDRESS:
            split(address)
            attempt.new.append(address)
            continue
        address.reply = delivery.reply
        address.from_filter = True
        address.file_mode = delivery.mode
        address.pipe_variables = delivery.variables
        address.expand_pipe = delivery.kind is Kind.PIPE
        address.unique = f"{'>' if delivery.kind is Kind.REPLY else ''}{delivery.text}:system-filter"
        address.uid, address.gid = identity.uid, identity.gid
        trouble = _find_transport(attempt, address)
        if trouble:
            note_not_yet(attempt, address, -1, trouble, panic=True)
        else:
            attempt.new.append(address)


def _find_transport(attempt: Attempt, address: Address) -> str:
    """Set the transport that the options name; why there is none, or ""."""
    kind = _TRANSPORTS[address.kind]
    template = getattr(attempt.process.main, f"system_filter_{kind}_transport")
    if template is None:
        return f"system_filter_{kind}_transport is unset"
    variables = attempt.ctx.address
    try:
        if address.kind is Kind.PIPE:
            variables.address_pipe = address.address
        elif address.kind is not Kind.REPLY:
            variables.address_file = address.address
        name = expand(template, attempt.ctx)
    except ExpansionError:
        return f'failed to expand "{template.text}" as a system filter transport name'
    finally:
        variables.address_pipe = variables.address_file = ""
    if is_tainted(name):
        return f"attempt to used tainted value '{name}' fortransport '{template.text}' as a system filter"
    address.transport = attempt.process.config.transports.get(name)
    return "" if address.transport is not None else f'failed to find "{name}" transport for system filter delivery'
