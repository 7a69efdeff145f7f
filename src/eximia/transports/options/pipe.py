"""Options of the pipe transport (manual chapter 29)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted

from .generic import LocalTransportOptions


class PipeOptions(LocalTransportOptions):
    """Deliveries to commands."""

    allow_commands: Template | None = option(Kind.STRING_LIST, "The commands allowed.")
    batch_id: Template | None = option(Kind.EXPAND, "Addresses for which this is the same are delivered together.")
    batch_max: int = option(Kind.INTEGER, "How many addresses one delivery may have.", default=1)
    check_string: Untainted | None = option(Kind.STRING, "Lines beginning with this are escaped.")
    command: Template | None = option(Kind.EXPAND, "The command.", sink=Sink.COMMAND)
    environment: Template | None = option(Kind.EXPAND, "Variables for the command's environment.")
    escape_string: Untainted | None = option(Kind.STRING, "What such lines get in place of check_string.")
    force_command: bool = option(Kind.BOOL, "The command is used even if the address is a pipe.", default=False)
    freeze_exec_fail: bool = option(Kind.BOOL, "A command that cannot be run freezes the message.", default=False)
    freeze_signal: bool = option(Kind.BOOL, "A command killed by a signal freezes the message.", default=False)
    ignore_status: bool = option(Kind.BOOL, "The command's exit code does not matter.", default=False)
    log_defer_output: bool = option(
        Kind.BOOL,
        "The first line of output is logged when the delivery is deferred.",
        default=False,
    )
    log_fail_output: bool = option(
        Kind.BOOL,
        "The first line of output is logged when the delivery fails.",
        default=False,
    )
    log_output: bool = option(Kind.BOOL, "The first line of output is logged.", default=False)
    max_output: int = option(Kind.KILO, "The most bytes of output; more is an error.", default=20480)
    message_prefix: Template = option(
        Kind.EXPAND,
        "Text before the message.",
        default=Template("From ${if def:return_path{$return_path}{MAILER-DAEMON}} ${tod_bsdinbox}\\n"),
    )
    message_suffix: Template = option(Kind.EXPAND, "Text after the message.", default=Template("\\n"))
    path: Template = option(Kind.EXPAND, "PATH of the command.", default=Template("/bin:/usr/bin"))
    permit_coredump: bool = option(Kind.BOOL, "The command may dump core.", default=False)
    pipe_as_creator: bool = option(Kind.BOOL, "The command runs as the user that handed in the message.", default=False)
    restrict_to_path: bool = option(Kind.BOOL, "The command must be in the path.", default=False)
    return_fail_output: bool = option(Kind.BOOL, "Output is sent to the sender when the delivery fails.", default=False)
    return_output: bool = option(Kind.BOOL, "Output is sent to the sender, and means failure.", default=False)
    temp_errors: Untainted = option(Kind.STRING, "Exit codes that mean: try again.", default=Untainted("75:73"))
    timeout: int = option(Kind.TIME, "How long the command may take.", default=3600)
    timeout_defer: bool = option(Kind.BOOL, "A time-out defers instead of failing.", default=False)
    umask: int = option(Kind.OCTAL, "The umask of the command.", default=0o22)
    use_bsmtp: bool = option(Kind.BOOL, "The message is written in batch SMTP.", default=False)
    use_classresources: bool = option(Kind.BOOL, "Kept for compatibility with BSD/OS; without effect.", default=False)
    use_crlf: bool = option(Kind.BOOL, "Lines end in CRLF.", default=False)
    use_shell: bool = option(Kind.BOOL, "The command is run by a shell.", default=False)

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        if values["pipe_as_creator"] and (values["user"] is not None or values["group"] is not None):
            yield "\n  both pipe_as_creator and an explicit uid/gid are set for the {name} transport"
        if values["temp_errors"] != "*" and not _numbers(str(values["temp_errors"])):
            yield "\n  temp_errors must be a list of numbers or an asterisk for the {name} transport"
        if values["return_output"] and values["return_fail_output"]:
            yield "\n  both return_output and return_fail_output set for {name} transport"
        if values["log_output"] and values["log_fail_output"]:
            yield "\n  both log_output and log_fail_output set for the {name} transport"
        if values["restrict_to_path"] and values["use_shell"]:
            yield "\n  both restrict_to_path and use_shell set for {name} transport"
        if values["allow_commands"] and values["use_shell"]:
            yield "\n  both allow_commands and use_shell set for {name} transport"
        if values["use_bsmtp"]:
            texts = {"check_string": Untainted("."), "escape_string": Untainted("..")}
            values.update({name: text for name, text in texts.items() if name not in given})
            values.update({name: None for name in ("message_prefix", "message_suffix") if name not in given})


def _numbers(text: str) -> bool:
    """True for a list of numbers."""
    return all(item.strip().isdigit() for item in text.split(":") if item.strip())
