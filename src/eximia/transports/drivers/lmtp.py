"""The lmtp transport (manual chapter 28): LMTP to a socket or a command on this host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.context.delivery import Errno, Outcome, Result, SmtpFacts
from eximia.transports.commands import CommandError, command_arguments
from eximia.transports.local import (
    check_current,
    directories,
    give_all,
    identity_for,
    keep_affixes,
    message_fields,
    outcome_of,
    recipient_address,
)
from eximia.transports.smtp.failure import Failure, Fault
from eximia.transports.strings import expand

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Batch


class Lmtp:
    """One transport with `driver = lmtp`."""

    local = True

    def __init__(self, name: str, options: Any) -> None:
        self.name = name
        self.options = options

    def deliver(self, ctx: Context, batch: Batch) -> None:
        """Give every address of the batch an outcome."""
        options = self.options
        address = batch.first
        identity = identity_for(ctx, self.name, options, address)
        _, current = directories(ctx, self.name, options, address)
        check_current(current)
        fields: dict[str, Any] = {
            "transport": self.name,
            "socket": "",
            "argv": [],
            "cwd": current,
            "helo": ctx.process.primary_hostname,
            "sender": batch.return_path,
            "recipients": [recipient_address(a, options) for a in batch.addresses],
            "ignore_quota": options.ignore_quota,
            "timeout": options.timeout,
        }
        if options.command is not None:
            fields["argv"] = self._command(ctx, batch)
        else:
            fields["socket"] = self._socket(ctx)
        message = message_fields(ctx, self.name, options, batch, "")
        try:
            fields.update(message.fields)
            answer = ctx.process.ports.agents.run(identity, "lmtp", fields, message.fds)
        finally:
            message.close()
        if "each" not in answer:
            give_all(batch, _outcome(answer))
            return
        if options.rcpt_include_affixes:
            keep_affixes(batch.addresses)
        for one, result in zip(batch.addresses, answer["each"], strict=True):
            one.outcome = _outcome(result)

    def _command(self, ctx: Context, batch: Batch) -> list[str]:
        try:
            return command_arguments(
                ctx,
                self.options.command.text,
                what=f"{self.name} transport",
                addresses=[address.address for address in batch.addresses],
            )
        except CommandError as error:
            raise Failure(error.message, Errno.UNKNOWN, Fault.LOCAL, panic=True) from error

    def _socket(self, ctx: Context) -> str:
        template = self.options.socket
        try:
            return expand(template, ctx)
        except ExpansionError as error:
            raise Failure(
                f'Expansion of "{template.text}" (socket setting for {self.name} transport) failed: {error.message}',
                Errno.UNKNOWN,
                Fault.LOCAL,
            ) from error


def _outcome(answer: dict[str, Any]) -> Outcome:
    if answer["result"] == "delivered":
        return Outcome(Result.DELIVERED, smtp=SmtpFacts(confirmation=answer["confirmation"]))
    outcome = outcome_of(answer)
    outcome.pass_message = True
    return outcome
