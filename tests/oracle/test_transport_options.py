"""Options of local transports, and of routers that shape deliveries, one by one: an installed Exim and we come to the
same main log and mailboxes."""

from __future__ import annotations

import pytest

from oracle import mailbox_cases, pipe_cases
from oracle.test_transports import ANSWER, MAILDIR, SHELL, TWO, F, autoreply, box_file, pipe
from oracle.transport_world import Case, compare, needs_exim

pytestmark = needs_exim

SHADOW = "\ns:\n driver = appendfile\n file = @D/box/shadow\n user = mail\n"
FIVE = ("a@one.example", "b@one.example", "c@two.example", "d@two.example", "e@one.example")
REDIRECT = "r0:\n driver = redirect\n domains = y.example\n{options}\nr:\n driver = accept\n transport = t\n"


def redirect(options: str, **more) -> Case:
    # from nobody: a bounce would be delivered without the privilege that Exim gives up with -C
    return Case(F, sender="<>", routers=REDIRECT.format(options=options), **more)


CASES = {
    "batch_id": Case(F + " batch_max = 10\n batch_id = $domain\n envelope_to_add\n", to=FIVE),
    "batch_id by local part": Case(F + " batch_max = 10\n batch_id = ${length_1:$local_part}\n envelope_to_add\n", to=TWO),
    "batch_id forced to fail": Case(F + " batch_max = 10\n batch_id = ${if eq{1}{2}{x}fail}\n envelope_to_add\n", to=TWO),
    "batch_max": Case(F + " batch_max = 2\n envelope_to_add\n", to=FIVE),
    "batches and domains": Case(" file = @D/box/$domain_data\n batch_max = 10\n envelope_to_add\n",
        routers="r:\n driver = accept\n domains = one.example : two.example\n transport = t\n", to=FIVE),
    "disable_logging": Case(F + " disable_logging\n"),
    "log_as_local": Case(F, routers="r:\n driver = accept\n log_as_local\n transport = t\n"),
    "no log_as_local": Case(F, routers="r:\n driver = redirect\n data = x@z.example\n repeat_use = false\n\n"
        "q:\n driver = accept\n no_log_as_local\n transport = t\n"),
    "lock_flock_timeout": Case(F + " use_flock_lock\n lock_flock_timeout = 2s\n"),
    "lockfile_mode": Case(F + " lockfile_mode = 0644\n"),
    "no lock file": Case(F + " no_use_lockfile\n"),
    "no locks": Case(F + " no_use_lockfile\n no_use_fcntl_lock\n"),
    "mailbox_size": Case(F + " mailbox_size = 990\n quota = 1000\n"),
    "maildir_quota_directory_regex": Case(
        MAILDIR + " quota = 600\n maildir_quota_directory_regex = ^cur$\n", before=box_file("md/new/x,S=77", "y" * 500)),
    "quota_directory": Case(
        " directory = @D/box/md\n quota_directory = @D/box\n quota = 300\n", before=box_file("md/x", "y" * 300)),
    "quota of a single message": Case(F + " quota = 10\n"),
    "quota in megabytes": Case(F + " quota = 1M\n"),
    "no_quota_is_inclusive, full": Case(F + " quota = 100\n no_quota_is_inclusive\n", before=box_file(data="y" * 101)),
    "quota_warn_threshold": Case(
        F + ' quota = 1000\n quota_warn_threshold = 30%\n quota_warn_message = "To: x@y.example\\n\\nfull\\n"\n',
        main="queue_only", runs=1, user=False),
    "shadow_condition": Case(F + " shadow_transport = s\n shadow_condition = yes\n", more=SHADOW),
    "shadow_condition not met": Case(F + " shadow_transport = s\n shadow_condition = ${if eq{a}{b}}\n", more=SHADOW),
    "shadow_condition broken": Case(F + " shadow_transport = s\n shadow_condition = ${bad\n", more=SHADOW),
    "shadow_transport not there": Case(F + " shadow_transport = nosuch\n"),
    "shadow_transport that fails": Case(
        F + " shadow_transport = s\n", more="\ns:\n driver = appendfile\n file = /nonexistent/x\n user = mail\n"),
    "message_size_limit empty": Case(F + " message_size_limit = ${if eq{a}{b}{7}}\n"),
    "message_size_limit negative": Case(F + " message_size_limit = -1\n"),
    "message_size_limit, letters": Case(F + " message_size_limit = abc\n"),
    "message_size_limit, more than a number": Case(F + " message_size_limit = 5X\n"),
    "return_path broken": Case(F + " return_path = ${bad}\n"),
    "home_directory relative": Case(F + " home_directory = rel\n"),
    "home_directory empty": Case(F + " home_directory =\n"),
    "current_directory relative": Case(F + " current_directory = rel\n"),
    "transport_current_directory relative": Case(
        F, routers="r:\n driver = accept\n transport = t\n transport_current_directory = rel\n"),
    "command empty": pipe(" command =\n"),
    "command in a relative folder": pipe(" command = ./nosuch\n"),
    "errors_to broken": Case(F, routers="r:\n driver = accept\n transport = t\n errors_to = ${bad}\n"),
    "address_data broken": Case(F, routers="r:\n driver = accept\n transport = t\n address_data = ${bad}\n"),
    "domains broken": Case(F, routers="r:\n driver = accept\n transport = t\n domains = ${bad}\n"),
    "local_part_prefix empty": Case(F, routers="r:\n driver = accept\n transport = t\n local_part_prefix =\n"),
    "local_part_suffix empty and optional": Case(
        F, routers="r:\n driver = accept\n transport = t\n local_part_suffix =\n local_part_suffix_optional\n"),
    "message_size_limit": Case(F + " message_size_limit = 10\n"),
    "message_size_limit expanded": Case(F + " message_size_limit = ${if eq{1}{1}{1M}{1}}\n"),
    "check_string": Case(F + ' check_string = "Hel"\n escape_string = ">>"\n'),
    "no escaping": Case(F + " check_string =\n escape_string =\n"),
    "message_prefix and suffix": Case(F + ' message_prefix = "<<$local_part>>\\n"\n message_suffix = "--\\n"\n'),
    "no prefix, no suffix": Case(F + " message_prefix =\n message_suffix =\n"),
    "delivery_date_add": Case(F + " delivery_date_add\n envelope_to_add\n return_path_add\n"),
    "rcpt_include_affixes": Case(F + " rcpt_include_affixes\n envelope_to_add\n",
        routers="r:\n driver = accept\n local_part_suffix = -*\n transport = t\n", to=("joe-x@y.example",)),
    "headers_rewrite": Case(F + " headers_rewrite = *@b.example new@$domain f : *@y.example gone@z.example t\n"),
    "freeze_signal": pipe(f' command = {SHELL}kill -9 $$"\n freeze_signal\n'),
    "killed": pipe(f' command = {SHELL}kill -9 $$"\n'),
    "return_fail_output": pipe(f' command = {SHELL}echo no; exit 1"\n return_fail_output\n'),
    "max_output": pipe(f' command = {SHELL}head -c 3000000 /dev/zero"\n max_output = 1K\n'),
    "umask": pipe(' command = "/bin/sh -c \\"cat >@D/box/o\\""\n umask = 077\n'),
    "path": pipe(" command = env\n path = /nowhere:/usr/bin:/bin\n log_output\n environment = X=1\n"),
    "use_shell": pipe(" command = cat >@D/box/o; echo $local_part >@D/box/p\n use_shell\n"),
    "force_command": pipe(" command = /bin/cat\n force_command\n",
        routers="r:\n driver = redirect\n data = |/bin/echo x\n pipe_transport = t\n"),
    "file_optional": autoreply(ANSWER + " file = @D/nosuch\n file_optional\n"),
    "never_mail broken": autoreply(ANSWER + " never_mail = ${bad\n"),
    "never_mail forced to fail": autoreply(ANSWER + " never_mail = ${if eq{a}{b}{x}fail}\n"),
    "a log from outside": autoreply(ANSWER + " log = @D/box/$local_part\n"),
    "a once file from outside": autoreply(ANSWER + " once = @D/box/$local_part\n"),
    "headers of any kind": autoreply(' to = $sender_address\n headers = "X-A: 1\\001"\n text = x\n'),
    "no subject": autoreply(" to = $sender_address\n subject =\n text = x\n"),
    "header lines returned": autoreply(ANSWER + " return_message\n headers_only\n"),
    "many references": autoreply(
        ANSWER, message=b"Message-ID: <a@b>\nReferences: " + b" ".join(b"<%d@x>" % n for n in range(20)) + b"\n\nx\n"),
    "an answer to words": autoreply(ANSWER, message=b"Message-ID: <a@b>\nIn-Reply-To: your mail\n\nx\n"),
    "an answer to what was sent again": autoreply(
        ANSWER, message=b"Message-ID: <a@b>\nResent-Message-ID: <r@b>\nResent-From: a@b.example\n\nx\n"),
    "fail": redirect(" allow_fail\n data = :fail: go away\n"),
    "fail with code": redirect(" allow_fail\n data = :fail: 550 5.1.1 go away\n"),
    "fail not allowed": redirect(" data = :fail: go away\n"),
    "defer": redirect(" allow_defer\n data = :defer: later\n"),
    "blackhole": redirect(" data = :blackhole:\n"),
    "blackhole forbidden": redirect(" forbid_blackhole\n data = :blackhole:\n"),
    "unknown": redirect(" data = :unknown:\n"),
    "include_directory": redirect(" include_directory = /etc\n data = :include:/tmp/nosuch\n"),
    "forbid_include": redirect(" forbid_include\n data = :include:/etc/passwd\n"),
    "forbid_file": redirect(" forbid_file\n file_transport = t\n data = /tmp/x\n"),
    "forbid_pipe": redirect(" forbid_pipe\n pipe_transport = t\n data = |/bin/true\n"),
    "syntax error": redirect(" data = a@b@c\n"),
    "skip_syntax_errors": redirect(" skip_syntax_errors\n data = a@b@c, good@z.example\n"),
    "two children": redirect(" data = a@z.example, b@z.example\n"),
    "itself": redirect(" data = joe@y.example, b@z.example\n"),
    "missing file": redirect(" file = /no/such/file\n no_check_owner\n"),
    "missing folder": redirect(" file = /no/such/file\n ignore_enotdir\n"),
    "hide_child_in_errmsg": redirect(" hide_child_in_errmsg\n data = nosuch@y.example\n no_repeat_use\n"),
    "one_time": redirect(" one_time\n data = a@z.example\n"),
}  # fmt: skip


CASES |= mailbox_cases.CASES | pipe_cases.CASES


@pytest.mark.parametrize("name", CASES)
def test_options(name: str) -> None:
    compare(CASES[name])
