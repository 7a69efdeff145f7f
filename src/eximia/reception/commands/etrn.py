"""ETRN: have queued messages tried (RFC 1985; manual 49.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.logs.lines import smtp as lines
from eximia.logs.printing import printing
from eximia.protocols.smtp.server import Command
from eximia.reception.answers import Answer, accepted
from eximia.transports.smtp.waiting import enter, leave

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def etrn(session: SmtpSession, command: Command) -> None:
    if session.tx.open:
        session.protocol_error("503", "ETRN is not permitted inside a transaction")
        return
    ctx = session.ctx
    log = session.process.log
    argument = command.argument
    if log.selectors.etrn:
        log.main(lines.etrn(ctx.session, log.selectors, argument), session.shown_id)
    session.check_sync()
    result = session.judge("acl_smtp_etrn")
    if not result.accepted:
        session.refuse("acl_smtp_etrn", result, printing(argument))
        return
    answer = accepted(ctx, result, "250", "OK")
    if session.main.smtp_etrn_command is not None:
        _run_command(session, argument, answer)
        return
    if not argument.startswith("#"):
        session.syntax_error("argument must begin with #")
        return
    _start(session, argument[1:], answer)


def _run_command(session: SmtpSession, argument: str, answer: Answer) -> None:
    """`smtp_etrn_command`: the words are expanded one by one, with $domain set."""
    ctx = session.ctx
    template = session.main.smtp_etrn_command
    assert template is not None
    from eximia.transports.commands import CommandError, command_arguments

    ctx.address.domain = argument
    try:
        argv = command_arguments(ctx, template.text, what="ETRN processing", addresses=())
    except CommandError as error:
        session.process.log.panic(f"failed to set up ETRN command: {error.message}")
        session.reply("458", "Internal failure")
        return
    finally:
        ctx.address.domain = ""
    if not _serialized(session, argument):
        return
    session.process.ports.spawn(_run_and_release, session, argv, argument)
    session.answer(answer)


def _start(session: SmtpSession, text: str, answer: Answer) -> None:
    """The default: what `-R text` does."""
    if session.settings.testing:
        session.answer(answer)
        return
    if not _serialized(session, text):
        return
    process = session.process
    process.ports.detach(process, _run_queue, session, text, session.ctx.message.queue_name)
    session.answer(answer)


def _serialized(session: SmtpSession, key: str) -> bool:
    """`smtp_etrn_serialize`: False when the same is already running, and the client has been told."""
    if not session.main.smtp_etrn_serialize:
        return True
    if session.settings.testing or enter(session.ctx, f"etrn-{key}", 1):
        return True
    session.reply("458", "Already processing " + key)
    return False


def _run_queue(session: SmtpSession, text: str, queue: str) -> None:
    process = session.process
    try:
        process.services.queue_run(process, text, queue)
    except Exception as error:  # noqa: BLE001 (a failed run is a line in the log, as of any other process)
        process.log.panic(f"ETRN: queue run failed: {type(error).__name__}: {error}")
    finally:
        _release(session, text)


def _release(session: SmtpSession, key: str) -> None:
    if session.main.smtp_etrn_serialize and not session.settings.testing:
        leave(session.ctx, f"etrn-{key}")


def _run_and_release(session: SmtpSession, argv: list[str], key: str) -> None:
    result = session.process.ports.helpers.run(argv)
    _release(session, key)
    if result.failure:
        session.process.log.panic(f"exec of ETRN process failed: {result.failure}")
