"""The pipe transport (manual chapter 29): which command, with which environment, and what its end means."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.base.listtext import split_list
from eximia.base.text import Untainted, is_tainted, like
from eximia.context.delivery import Errno, Kind, Outcome, Result
from eximia.logs.printing import printing
from eximia.transports.commands import CommandError, command_arguments
from eximia.transports.local import (
    bsmtp_envelope,
    check_current,
    directories,
    give_all,
    identity_for,
    message_fields,
    outcome_of,
)
from eximia.transports.smtp.failure import Failure, Fault
from eximia.transports.strings import expand
from eximia.transports.users_text import as_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from eximia.base.ports import Identity
    from eximia.context import Context
    from eximia.context.delivery import Batch

#: what the codes of sysexits.h stand for
_MEANINGS = {
    64: "usage or syntax error",
    65: "error in input data",
    66: "input data missing",
    67: "user nonexistent",
    68: "host nonexistent",
    69: "service or program unavailable",
    70: "internal software error",
    71: "internal operating system error",
    72: "system file missing",
    73: "can't create output file",
    74: "input/output error",
    75: "temporary error",
    76: "protocol error",
    77: "permission denied",
    78: "configuration error",
    127: "unable to exec or command does not exist",
}


#: the status of a command that could not be started; a shell has it for the same
_NOT_STARTED = 127
#: what bounces say in place of the command's end, which is for the log
_TOLD = "local delivery failed"


class Pipe:
    """One transport with `driver = pipe`."""

    local = True

    def __init__(self, name: str, options: Any) -> None:
        self.name = name
        self.options = options
        text = str(options.temp_errors)
        #: None: every code is temporary
        self._temporary = None if text == "*" else frozenset(int(n) for n in split_list(text) if n.isdigit())

    def deliver(self, ctx: Context, batch: Batch) -> None:
        """Give every address of the batch an outcome."""
        options = self.options
        address = batch.first
        identity = identity_for(ctx, self.name, options, address)
        _, current = directories(ctx, self.name, options, address)
        check_current(current)
        path = self._expanded(ctx, options.path)
        text, arguments = self._command(ctx, batch, path, identity)
        fields: dict[str, Any] = {
            "argv": arguments,
            "env": self._environment(ctx, batch, path),
            "cwd": current,
            "umask": options.umask,
            "timeout": options.timeout,
            "max_output": options.max_output,
            "permit_coredump": options.permit_coredump,
            "crlf": options.use_crlf,
        }
        fields.update(self._around(ctx, batch))
        message = message_fields(ctx, self.name, options, batch, "")
        try:
            fields.update(message.fields)
            answer = ctx.process.ports.agents.run(identity, "pipe", fields, message.fds)
        finally:
            message.close()
        self._judge(ctx, batch, text, arguments, answer)

    # What is run

    def _command(self, ctx: Context, batch: Batch, path: str, identity: Identity) -> tuple[str, list[str]]:
        """The command as it is written, and the argument vector. Raises Failure."""
        options = self.options
        address = batch.first
        redirected = like(address.address[1:].lstrip(), address.address) if address.kind is Kind.PIPE else None
        expanding = True
        if redirected is not None and not (options.force_command and options.command is not None):
            text = redirected
            expanding = address.expand_pipe
            if is_tainted(text):
                raise Failure(
                    f"Tainted '{text}' (command for {self.name} transport) not permitted",
                    Errno.NONE,
                    Fault.LOCAL,
                    panic=True,
                )
        elif options.command is not None and options.command.text:
            text = options.command.text
        else:
            raise Failure(f"no command specified for {self.name} transport", Errno.NONE, Fault.LOCAL)
        of_user = redirected is not None and text == redirected and expanding

        def split() -> list[str]:
            if options.use_shell:
                return self._shell(ctx, batch, text, expanding=expanding)
            return command_arguments(
                ctx,
                text,
                what=f"{self.name} transport",
                addresses=[a.address for a in batch.addresses],
                expanding=expanding,
                address_pipe=redirected if options.force_command else None,
            )

        try:
            arguments = self._of_user(ctx, identity, text, split) if of_user else split()
        except CommandError as error:
            wrong = of_user or error.message.startswith("Tainted")
            raise Failure(error.message, Errno.NONE, Fault.LOCAL, permanent=wrong, panic=not wrong) from error
        if not options.use_shell:
            arguments[0] = self._permitted(ctx, arguments[0], path)
        return text, arguments

    def _of_user(self, ctx: Context, identity: Identity, text: str, split: Callable[[], list[str]]) -> list[str]:
        """The arguments of a command that stands in a user's filter. Raises CommandError and Failure."""

        def told() -> str:
            try:
                return json.dumps([split(), ""])
            except (CommandError, Failure) as error:
                return json.dumps([[], error.message])

        arguments, trouble = json.loads(as_user(ctx, identity, frozenset(), text, told))
        if trouble or not arguments:
            raise CommandError(trouble)
        return [Untainted(argument) for argument in arguments]

    def _shell(self, ctx: Context, batch: Batch, text: str, *, expanding: bool) -> list[str]:
        """`use_shell`: the whole command as one string for the shell."""
        if expanding:
            text = text.replace("$pipe_addresses", " ".join(a.address for a in batch.addresses))
            try:
                text = expand(text, ctx)
            except ExpansionError as error:
                raise Failure(
                    f'Expansion of command "{text}" in {self.name} transport failed: {error.message}',
                    Errno.NONE,
                    Fault.LOCAL,
                    panic=True,
                ) from error
        return ["/bin/sh", "-c", text]

    def _permitted(self, ctx: Context, command: str, path: str) -> str:
        """`allow_commands` and `restrict_to_path`; the command with its directory. Raises Failure."""
        options = self.options
        allowed = False
        if options.allow_commands is not None:
            allowed = command in split_list(self._expanded(ctx, options.allow_commands))
        if not allowed:
            if options.restrict_to_path:
                if "/" in command:
                    raise _refused(
                        f'"/" found in "{command}" (command for {self.name} transport) - failed for security reasons'
                    )
            elif options.allow_commands is not None:
                raise _refused(f'"{command}" command not permitted by {self.name} transport')
        if command.startswith("/"):
            return command
        for directory in path.split(":"):
            candidate = f"{directory}/{command}"
            if directory and os.access(candidate, os.X_OK) and not os.path.isdir(candidate):
                return candidate
        raise _refused(f'"{command}" command not found for {self.name} transport')

    def _expanded(self, ctx: Context, template: Any) -> str:
        try:
            return expand(template, ctx)
        except ExpansionError as error:
            raise Failure(
                f'failed to expand string "{template.text}" for {self.name} transport: {error.message}',
                Errno.NONE,
                Fault.LOCAL,
                panic=True,
            ) from error

    def _environment(self, ctx: Context, batch: Batch, path: str) -> list[tuple[str, str]]:
        """The command's whole environment (manual 29.4)."""
        variables = ctx.address
        local_part, domain = variables.local_part, variables.domain
        main = ctx.process.main
        qualify = getattr(main, "qualify_domain", None) or ctx.process.primary_hostname
        settings = [
            ("LOCAL_PART", local_part),
            ("LOGNAME", local_part),
            ("USER", local_part),
            ("LOCAL_PART_PREFIX", variables.local_part_prefix),
            ("LOCAL_PART_SUFFIX", variables.local_part_suffix),
            ("DOMAIN", domain),
            ("HOME", variables.home),
            ("MESSAGE_ID", ctx.message.id),
            ("PATH", path),
            ("RECIPIENT", f"{variables.local_part_prefix}{local_part}{variables.local_part_suffix}@{domain}"),
            ("QUALIFY_DOMAIN", str(qualify)),
            ("SENDER", ctx.message.sender_address),
            ("SHELL", "/bin/sh"),
        ]
        if variables.host:
            settings.append(("HOST", variables.host))
        timezone = getattr(main, "timezone", None)
        if timezone:
            settings.append(("TZ", str(timezone)))
        if self.options.environment is not None:
            for item in split_list(self._expanded(ctx, self.options.environment)):
                name, _, value = item.partition("=")
                settings.append((name, value))
        return [(name, value.replace("\0", "")) for name, value in settings if name]

    def _around(self, ctx: Context, batch: Batch) -> dict[str, Any]:
        """Prefix, suffix and escaping."""
        options = self.options
        check, escape = options.check_string, options.escape_string
        prefix = self._text(ctx, options.message_prefix, "prefix")
        suffix = self._text(ctx, options.message_suffix, "suffix")
        if options.use_bsmtp:
            check, escape = ".", ".."
            prefix += bsmtp_envelope(batch, options)
            suffix += ".\r\n" if options.use_crlf else ".\n"
        wanted = bool(check) and escape is not None
        return {
            "prefix": prefix,
            "suffix": suffix,
            "check": str(check) if wanted else "",
            "escape": str(escape) if wanted else "",
            "bsmtp": options.use_bsmtp,
        }

    def _text(self, ctx: Context, template: Any, what: str) -> str:
        if template is None:
            return ""
        try:
            return expand(template, ctx)
        except ExpansionError as error:
            raise Failure(
                f'Expansion of "{template.text}" ({what} for {self.name} transport) failed: {error.message}',
                Errno.NONE,
                Fault.LOCAL,
            ) from error

    # What its end means

    def _judge(self, ctx: Context, batch: Batch, command: str, arguments: list[str], answer: dict[str, Any]) -> None:
        options = self.options
        if "status" not in answer:
            answer["message"] = answer["message"][:1].upper() + answer["message"][1:]
            give_all(batch, outcome_of(answer))
            return
        status: int = answer["status"]
        output = answer["output"].encode("latin-1")
        outcome = self._end(command, arguments, answer)
        deferred, failed = outcome.result is Result.DEFERRED, outcome.result is Result.FAILED
        if batch.shadow:
            give_all(batch, outcome)
            return
        if output and (
            options.log_output
            or (options.log_fail_output and failed)
            or (options.log_defer_output and deferred and status > 0)
        ):
            self._log_output(ctx, batch, output)
        wanted = options.return_output or (options.return_fail_output and failed)
        # There is nobody to return output to when the message is itself an error message.
        if output and wanted and ctx.message.sender_address:
            if outcome.result is Result.DELIVERED:
                outcome = Outcome(Result.FAILED, "return message generated")
            elif not outcome.freeze:
                outcome.result = Result.FAILED
            outcome.output = output
            outcome.return_output = True
        give_all(batch, outcome)

    def _end(self, command: str, arguments: list[str], answer: dict[str, Any]) -> Outcome:
        """The outcome by the way the command ended."""
        options = self.options
        status: int = answer["status"]
        if answer["timed_out"]:
            result = Result.DEFERRED if options.timeout_defer else Result.FAILED
            if "filter_late" in answer:
                return Outcome(result, "transport filter timeout while writing to pipe", user_message=_TOLD)
            return Outcome(result, "pipe delivery process timed out", user_message=_TOLD)
        if status == _NOT_STARTED and options.freeze_exec_fail:
            return Outcome(Result.DEFERRED, f'pipe process failed to exec "{command}"', freeze=True)
        if status == 0 or options.ignore_status:
            return Outcome(Result.DELIVERED)
        if status < 0:
            text = (
                f'Child process of {self.name} transport (running command "{command}") was terminated by '
                f"signal {-status} ({_signal(-status)})"
            )
            frozen = options.freeze_signal
            return Outcome(Result.DEFERRED if frozen else Result.FAILED, text, freeze=frozen, user_message=_TOLD)
        text = f"Child process of {self.name} transport returned {status}"
        meaning = _MEANINGS.get(status)
        if meaning is None and status > 128:
            meaning = f"shell command ended by signal {status - 128} ({_signal(status - 128)})"
        if meaning:
            text += f" (could mean {meaning})"
        text += f" from command: {_shown(arguments[:1])}"
        temporary = self._temporary is None or status in self._temporary
        return Outcome(Result.DEFERRED if temporary else Result.FAILED, text, user_message=_TOLD)

    def _log_output(self, ctx: Context, batch: Batch, output: bytes) -> None:
        """The first line."""
        if ctx.process.log is not None:
            line = output.decode("latin-1").partition("\n")[0].rstrip()
            line = printing(line, topbit=ctx.process.main.print_topbitchars)
            text = f"<{batch.first.address}>: {self.name} transport output: {line}"
            ctx.process.log.main(text, ctx.message.id)


def _shown(arguments: list[str]) -> str:
    """A command as one text: arguments with white space in quotes."""
    return " ".join(f'"{a}"' if not a or any(c.isspace() for c in a) else a for a in arguments)


def _signal(number: int) -> str:
    unknown = f"Unknown signal {number}"
    return signal.strsignal(number) or unknown if number < signal.NSIG else unknown


def _refused(text: str) -> Failure:
    return Failure(text, Errno.NONE, Fault.LOCAL, permanent=True)
