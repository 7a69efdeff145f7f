"""Asking Rspamd over HTTP (its `/checkv2`): the action it advises, and the changes it wants made to the message.

The old protocol that `spamd_address` speaks with `variant=rspamd` gives a score and a report only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from eximia.base.errors import Defer, ExpansionError, NetworkError, RemoteProtocolError
from eximia.base.namedtuple import NamedTuple
from eximia.base.ports import Stream
from eximia.base.text import Untainted
from eximia.context import Context
from eximia.dns.hosts import find_sender_host_name
from eximia.expand import expand
from eximia.protocols.http import Response, ResponseReader, request

from . import edit
from .mbox import whole_message
from .servers import ScanError
from .spam import Score, variables
from .spam_servers import reached

NO_ACTION = "no action"
_RATHER_MORE = 64


class Judgement(NamedTuple):
    """What Rspamd says."""

    action: str
    score: float
    threshold: float
    #: what it wants the client to be told
    reply: str = ""
    #: with the action "rewrite subject"
    subject: str = ""
    symbols: tuple[str, ...] = ()
    #: its `milter` block, checked where it is used
    changes: dict[str, Any] = {}  # noqa: RUF012 - never changed


def rspamd(ctx: Context, *, settings: str = "", user: str = "", change: bool = True) -> str:
    """The action, once for a message; the first call decides about `settings`, `user` and whether the changes are made.
    Sets `$spam_score` and its kin, `$rspamd_message` and `$rspamd_symbols`. Raises Defer, the reason logged."""
    message = ctx.message
    known: str | None = message.notes.get("rspamd")
    if known is not None:
        return known
    try:
        setting = ctx.process.main.rspamd_address
        text = setting.text if setting.constant else expand(setting, ctx)
        found = ask(ctx, text, [one.address for one in message.recipients], settings=settings, user=user)
    except ExpansionError as error:
        raise _failed(ctx, f"rspamd_address: {error.message}") from error
    except ScanError as error:
        raise _failed(ctx, error.message) from error
    report = "\n".join(found.symbols)
    message.spam.update(variables(Score(found.score, found.threshold, found.action, report)))
    message.variables["rspamd_message"] = found.reply
    message.variables["rspamd_symbols"] = ", ".join(found.symbols)
    message.notes["rspamd"] = found.action
    if change:
        apply(ctx, found)
    return found.action


def ask(
    ctx: Context, servers: str, recipients: Sequence[str], *, settings: str = "", user: str = "", about: str = "rspamd"
) -> Judgement:
    """One check at the first of `servers` that can be reached. Raises ScanError."""
    facts = _facts(ctx, recipients, settings, user)
    for stream, where, until, _ in reached(ctx, "rspamd_address", servers, about):
        try:
            data = whole_message(ctx)
            stream.send(request("POST", "/checkv2", "localhost", facts, data))
            response = _response(ctx, stream, until)
            return read_judgement(response)
        except NetworkError as error:
            raise ScanError(f"error talking to {about} {where}: {error.message}") from error
        except RemoteProtocolError as error:
            raise ScanError(f"cannot understand {about} {where}: {error.message}") from error
        finally:
            stream.close()
    raise ScanError(f"all {about} servers failed")


def _facts(ctx: Context, recipients: Sequence[str], settings: str, user: str) -> list[tuple[str, str]]:
    """What is known besides the message, as header lines of the request."""
    message, session = ctx.message, ctx.session
    find_sender_host_name(ctx)
    facts = [
        ("From", message.sender_address),
        *(("Rcpt", recipient) for recipient in recipients),
        ("IP", session.sender_host_address or "127.0.0.1"),
        ("Helo", session.sender_helo_name),
        ("Hostname", session.sender_host_name),
        ("User", session.authenticated_id),
        ("Deliver-To", user),
        ("Settings-ID", settings),
        ("Queue-ID", message.id),
        ("MTA-Name", ctx.process.primary_hostname),
        ("TLS-Cipher", session.tls_in.cipher),
        ("TLS-Version", session.tls_in.version),
    ]
    return [(name, value) for name, value in facts if value]


def _response(ctx: Context, stream: Stream, until: float) -> Response:
    reader = ResponseReader()
    clock = ctx.process.ports.clock
    while True:
        left = until - clock.monotonic()
        if left <= 0:
            raise NetworkError("timed out", timed_out=True)
        data = stream.recv(left)
        found = reader.feed(data) if data else reader.close()
        if found is not None:
            return found


def read_judgement(response: Response) -> Judgement:
    """Raises RemoteProtocolError."""
    try:
        said = json.loads(response.body)
    except ValueError:
        said = None
    if response.status != 200 or not isinstance(said, dict):
        why = said.get("error") if isinstance(said, dict) else None
        raise RemoteProtocolError(f"status {response.status}{f': {why}' if why else ''}")
    action, score, threshold = said.get("action"), said.get("score"), said.get("required_score")
    if not isinstance(action, str) or not isinstance(score, int | float) or not isinstance(threshold, int | float):
        raise RemoteProtocolError("no action and score")
    messages, symbols, changes = (_block(said.get(name)) for name in ("messages", "symbols", "milter"))
    signature = said.get("dkim-signature")
    if signature:
        changes = {**changes, "dkim-signature": signature}
    return Judgement(
        Untainted(action) if action in _ACTIONS else latin(action),
        float(score),
        float(threshold),
        latin(messages.get("smtp_message")),
        latin(said.get("subject")),
        tuple(_symbol(name, value) for name, value in symbols.items()),
        changes,
    )


_ACTIONS = frozenset(
    ("reject", "soft reject", "rewrite subject", "add header", "greylist", "no action", "discard", "quarantine")
)


def _block(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def latin(value: Any) -> str:
    """Text as ours: bytes as latin-1."""
    return str(value).encode().decode("latin-1") if isinstance(value, str | int | float) else ""


def _symbol(name: str, value: Any) -> str:
    score = _block(value).get("score", 0)
    options = _block(value).get("options")
    text = f"{latin(name)}({score:.2f})" if isinstance(score, int | float) else latin(name)
    if isinstance(options, list) and options:
        text += f"[{', '.join(latin(each) for each in options)}]"
    return text


def apply(ctx: Context, found: Judgement) -> None:
    """Make the changes to the message: header lines, the subject, the envelope, quarantine."""
    message, changes = ctx.message, found.changes
    for name, numbers in _block(changes.get("remove_headers")).items():
        for number in numbers if isinstance(numbers, list) else [numbers]:
            if isinstance(number, int) and abs(number) < _RATHER_MORE:
                edit.remove_header(message, latin(name), number)
    for name, values in _block(changes.get("add_headers")).items():
        for value in values if isinstance(values, list) else [values]:
            _add(ctx, name, value)
    signature = changes.get("dkim-signature")
    for one in signature if isinstance(signature, list) else [signature]:
        if one:
            edit.add_header(message, "DKIM-Signature", latin(one), 0)
    if found.action == "rewrite subject" and found.subject:
        edit.change_header(message, "Subject", 1, found.subject)
    elif found.action == "add header" and not any(one.name == "x-spam" for one in edit.visible(message)):
        edit.add_header(message, "X-Spam", "Yes")
    sender = changes.get("change_from")
    if isinstance(sender, str):
        message.sender_address = latin(sender).strip("<>")
    for address in changes.get("add_rcpt") or ():
        edit.add_recipient(message, latin(address).strip("<>"))
    for address in changes.get("del_rcpt") or ():
        edit.remove_recipient(message, latin(address).strip("<>"))
    if changes.get("reject") == "quarantine" or found.action == "quarantine":
        message.freeze = True


def _add(ctx: Context, name: str, value: Any) -> None:
    position = -1
    if isinstance(value, dict):
        order = value.get("order")
        if isinstance(order, int) and 0 <= order < _RATHER_MORE:
            position = order
        value = value.get("value")
    text = latin(value)
    if text or value == "":
        edit.add_header(ctx.message, latin(name), text, position)


def _failed(ctx: Context, why: str) -> Defer:
    ctx.process.log.panic(f"rspamd acl condition: {why}", ctx.message.id)
    return Defer("")
