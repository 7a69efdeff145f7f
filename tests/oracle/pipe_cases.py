"""What commands are given, and what becomes of their output and their end (manual chapter 29): an installed Exim and we
come to the same."""

from __future__ import annotations

from typing import Any

from .test_transports import SHELL, TWO, F, pipe
from .transport_world import Case

BOX = "box:\n driver = appendfile\n file = @D/box/m\n user = mail\n group = mail\n"
BACK = "b:\n driver = accept\n domains = from.example\n transport = box\nr:\n driver = accept\n transport = t\n"
SHOW = "/bin/sh -c 'for a; do echo \"[$a]\"; done >@D/box/o' sh"
REDIRECT = "r:\n driver = redirect\n data = {}\n pipe_transport = t\n"


def returned(command: str, options: str) -> Case:
    """What the sender is told of it."""
    return pipe(
        f' command = {SHELL}{command}"\n{options}',
        more=BOX,
        sender="s@from.example",
        routers=BACK,
        main="queue_only",
        runs=2,
    )


def redirected(command: str, options: str = "", **more: Any) -> Case:
    return pipe(options, routers=REDIRECT.format(command), **more)


CASES = {
    "arguments": pipe(f" command = {SHOW} a \"b c\" 'd e' \"x\\ty\" 's\\n' ${{if eq{{a}}{{a}}{{x}}}} '' f\"g\n"),
    "addresses in words": pipe(f" command = {SHOW} $pipe_addresses x$pipe_addresses\n batch_max = 5\n", to=TWO),
    "the hosts of a router": pipe(
        " command = /bin/sh -c 'echo $HOST >@D/box/o'\n",
        routers="r:\n driver = manualroute\n route_list = * one.example:two.example\n transport = t\n",
    ),
    "environment broken": pipe(" command = /bin/true\n environment = ${bad\n"),
    "allow_commands broken": pipe(" command = /bin/true\n allow_commands = ${bad\n"),
    "allow_commands and use_shell": pipe(" command = /bin/true\n use_shell\n allow_commands = /bin/true\n"),
    "allowed, not on the path": pipe(" command = /bin/cat\n allow_commands = /bin/true\n restrict_to_path\n"),
    "output, nothing first": pipe(f' command = {SHELL}echo; echo a"\n log_output\n'),
    "output, not to be printed": pipe(" command = /bin/sh -c 'printf \"a\\\\001b\\\\344c\\\\n\"'\n log_output\n"),
    "a shell does not find it": pipe(f' command = {SHELL}exit 127"\n freeze_exec_fail\n'),
    "killed, as it is written": pipe(" command = /bin/sh -c 'kill -9 ${if eq{a}{a}{\\$\\$}}'\n"),
    "killed, by a shell": pipe(" command = kill -9 \\$\\$\n use_shell\n"),
    "check_string, not for headers": pipe(
        " command = /usr/bin/tee @D/box/o\n check_string = From\n escape_string = >>From\n"
    ),
    "check_string, headers of a filter": Case(
        F + " check_string = Subj\n escape_string = >>Subj\n transport_filter = /bin/cat\n"
    ),
    "batched SMTP, a header with a dot": Case(F + " use_bsmtp\n", message=b"From: a@b.example\n.foo: bar\n\nHello\n"),
    "suffix broken": pipe(" command = /bin/cat\n message_suffix = ${bad\n"),
    "return_output, for now": returned("echo x; exit 75", " return_output\n"),
    "return_output, for now, nothing said": returned("exit 75", " return_output\n"),
    "return_output, for now, to nobody": pipe(f' command = {SHELL}echo x; exit 75"\n return_output\n'),
    "return_output, killed": returned("echo x; kill -9 $$", " return_output\n"),
    "return_output, late": returned("echo x; sleep 9", " return_output\n timeout = 1s\n timeout_defer\n"),
    "output of a shadow": Case(
        F + " shadow_transport = s\n",
        more=f's:\n driver = pipe\n command = {SHELL}echo x; exit 1"\n return_output\n log_output\n'
        " user = mail\n group = mail\n",
    ),
    "redirected, from outside": redirected("|/bin/true $local_part"),
    "redirected, from outside, to a shell": redirected("|/bin/true $local_part", " use_shell\n"),
    "redirected, from outside, forced": redirected(
        "|/bin/true $local_part", " command = /bin/true $address_pipe\n force_command\n"
    ),
    "redirected, not found": redirected("\"|/no/such a 'b c'\"", " freeze_exec_fail\n"),
    "redirected, forced": redirected(
        "\"|/bin/echo 'a b' c\"", f" command = {SHOW} -- $address_pipe end\n force_command\n"
    ),
}
