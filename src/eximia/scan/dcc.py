"""Asking the Distributed Checksum Clearinghouse about the message (features row 6): once, and remembered.

`$dcc_result` is the daemon's letter and `$dcc_header` its header line, which is added to the message: when the ACL has
ended, or at once (`dcc_direct_add_header`), so that what is asked later sees it.
"""

from __future__ import annotations

from collections.abc import Iterator

from eximia.base.errors import Defer, NetworkError, RemoteProtocolError
from eximia.base.text import Untainted
from eximia.context import Context
from eximia.message.header import Header
from eximia.protocols.dccifd import Verdict, read_answer, request

from .mbox import whole_message
from .servers import ScanError, connect, read_all, read_server

_TIMEOUT = 120
_ACCEPTED = frozenset("AS")


def dcc(ctx: Context) -> bool:
    """True: accepted; False: to be rejected or greylisted. Raises Defer, the reason logged."""
    notes = ctx.message.notes
    if "dcc" not in notes:
        notes["dcc"] = _judge(ctx)
    known: bool | None = notes["dcc"]
    if known is None:
        raise Defer("")
    return known


def _judge(ctx: Context) -> bool | None:
    """None: a temporary error."""
    message = ctx.message
    try:
        verdict = _ask(ctx)
    except ScanError as error:
        _log(ctx, error.message)
        return None
    message.variables["dcc_result"] = Untainted(verdict.result)
    message.variables["dcc_header"] = verdict.header
    if verdict.header:
        _add(ctx, verdict.header)
    if verdict.result in _ACCEPTED:
        return True
    if verdict.result == "T":
        _log(ctx, "temporary error reported by dccifd (result T)")
        return None
    what = "greylisted" if verdict.result == "G" else "rejected"
    _log(ctx, f"message {what} by dccifd (result {verdict.result})")
    return False


def _ask(ctx: Context) -> Verdict:
    """Raises ScanError."""
    process, session, message = ctx.process, ctx.session, ctx.message
    setting = process.main.dccifd_address
    if not setting:
        raise ScanError("dccifd_address is not set")
    server, rest = read_server(setting)
    if rest:
        raise ScanError(f"bad dccifd_address: '{setting}'")
    client = message.acl_vars.get("_dcc_override_client_ip") or session.sender_host_address or "127.0.0.1"
    recipients = [recipient.address for recipient in message.recipients]
    asked = request(
        process.main.dccifd_options,
        client,
        session.sender_helo_name,
        message.sender_address,
        recipients,
        whole_message(ctx),
    )
    until = process.ports.clock.monotonic() + _TIMEOUT
    stream = connect(ctx, server, _TIMEOUT)
    try:
        for part in asked:
            stream.send(part)
        stream.shutdown()
        answer = read_all(ctx, stream, until)
    except NetworkError as error:
        raise ScanError(f"connection to dccifd {server.shown} lost: {error.message}") from error
    finally:
        stream.close()
    try:
        return read_answer(answer, len(recipients))
    except RemoteProtocolError as error:
        raise ScanError(f"malformed answer of dccifd {server.shown}: {error.message}") from error


def _add(ctx: Context, header: str) -> None:
    message = ctx.message
    if not ctx.process.main.dcc_direct_add_header:
        message.added_headers.append((f"{header}\n", "at_end"))
        return
    message.headers.append(Header(f"{header}\n"))
    more = message.acl_vars.get("_dcc_add_header", "")
    if more:
        message.headers.extend(Header(f"{each}\n") for each in _unfolded(more))


def _unfolded(text: str) -> Iterator[str]:
    """The lines of `$acl_m_dcc_add_header` as they are, good or not, each with its continuations. Only what would end
    the header, an empty line, is left out."""
    line = ""
    for part in text.split("\n"):
        if part[:1] in (" ", "\t") and line:
            line += f"\n{part}"
        elif part:
            if line:
                yield line
            line = part
    if line:
        yield line


def _log(ctx: Context, text: str) -> None:
    ctx.process.log.main(f"dcc acl condition: {text}", ctx.message.id)
