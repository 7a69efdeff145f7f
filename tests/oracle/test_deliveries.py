"""Whole deliveries by an installed Exim and by us: log lines, mailboxes, bounces, and what stays in the spool."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from oracle.comparing import compare_outcome
from oracle.namespace import needs_namespace, run_inside

CONFIG = """exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = @DIR@/spool
log_file_path = @DIR@/spool/log/%slog
primary_hostname = mx.local.test
qualify_domain = local.test
keep_environment =
never_users =
trusted_users = root
queue_run_in_order
@MAIN@
begin routers
dns:
  driver = dnslookup
  domains = nx.test
  transport = remote
  no_more
man:
  driver = manualroute
  domains = remote.test
  route_list = remote.test  127.0.0.1::2525
  self = send
  transport = remote
list:
  driver = redirect
  local_parts = list
  data = fa@b.test, fb@b.test, bob
  errors_to = owner@local.test
quiet:
  driver = redirect
  local_parts = quiet
  data = fa@b.test
  errors_to =
hide:
  driver = redirect
  local_parts = hidden
  hide_child_in_errmsg
  data = fa@b.test
aliases:
  driver = redirect
  data = ${lookup{$local_part}lsearch{@DIR@/aliases}}
  allow_fail
  allow_defer
  file_transport = file
  pipe_transport = pipe
filters:
  driver = redirect
  data = ${lookup{$local_part}lsearch{@DIR@/filters}{#Exim filter\\n${sg{$value}{;}{\\n}}}}
  user = nobody
  allow_filter
  allow_fail
  allow_defer
  allow_freeze
  file_transport = file
  pipe_transport = pipe
  reply_transport = reply
once:
  driver = redirect
  local_parts = once
  one_time
  data = def1@local.test, bob@local.test, def2@local.test
copy:
  driver = accept
  local_parts = un
  unseen
  transport = local
user:
  driver = accept
  local_parts = bob : owner : un : fun
  transport = local
begin transports
remote:
  driver = smtp
  allow_localhost
  hosts_try_fastopen =
file:
  driver = appendfile
  user = nobody
pipe:
  driver = pipe
  user = nobody
  return_output
local:
  driver = appendfile
  user = nobody
  file = @DIR@/mail/$local_part_data
  envelope_to_add
  return_path_add
reply:
  driver = autoreply
  from = auto@local.test
begin retry
@RETRY@
"""

ALIASES = """out: "|/bin/sh -c 'echo hello out; exit 3'"
out2: "|/bin/sh -c 'echo hello out2; exit 0'"
f1: :fail: first
f2: :fail: second
f3: :fail:
def1: :defer: try later $local_part
def2: :defer: try later
alice: bob
saved: @DIR@/mail/saved
null: /dev/null
black: :blackhole:
"""

FILTERS = """fsave: save @DIR@/mail/saved; save @DIR@/mail/saved2 0640
fun: unseen save @DIR@/mail/saved; unseen deliver owner@local.test
fpipe: if $h_subject: matches \"^(.)\" then pipe "/bin/sh -c 'cat >/dev/null; exit 3'" endif
fquiet: noerror pipe "/bin/sh -c 'exit 3'"
fdel: deliver bob; deliver owner@local.test errors_to fdel@local.test
fseen: seen finish
ffail: fail text "no thanks"
flog: fail text "<<for the log>>for the user"
fsf: save @DIR@/mail/saved; fail text "saved and failed"
fcold: freeze text "cold"
fwait: defer text "wait"
fbad: bogus
fexp: if $bogusvar is "" then finish endif
fname: deliver "bad address here@"
fwrite: logfile @DIR@/mail/log; logwrite "line $local_part"; deliver bob
fwrong: logfile @DIR@/none/log; logwrite "line"; deliver bob
"""

MESSAGE = b"From: s@remote.test\nMessage-ID: <m@x>\nReferences: <r@x>\nSubject: test\nTo: a@b\n\nbody line\n"
RETRY = "* * F,2h,15m; G,16h,1h,1.5; F,4d,6h"
BOB = "bob@local.test"

#: name: (main options, queue runs, sender, recipients)
CASES = {
    "one": ("", "", BOB, "bob"),
    "several and an alias": ("", "", BOB, "alice bob owner"),
    "a failure": ("", "", "owner@local.test", "nosuch bob"),
    "many failures": ("", "", BOB, "f1 f2 f3 out out2 nosuch list quiet hidden x@nx.test"),
    "special": ("", "", BOB, "saved null black un"),
    "deferred": ("", "-q -qf", BOB, "x@remote.test def2 def1 bob"),
    "one_time": ("", "", BOB, "once"),
    "a bounce that fails": ("", "-q", "<>", "nosuch bob"),
    "a bounce that is dropped": ("ignore_bounce_errors_after = 0s", "", "<>", "nosuch"),
    "told of freezing": ("freeze_tell = bob@local.test", "", "<>", "nosuch"),
    "texts": ("bounce_message_text = more\nerrors_reply_to = pm@x.test", "", BOB, "nosuch"),
    "headers only": ("bounce_return_body = false", "", BOB, "nosuch"),
    "small bounces": ("bounce_return_size_limit = 5", "", BOB, "nosuch"),
    "copies of bounces": ("errors_copy = *@local.test owner@local.test", "", BOB, "nosuch"),
    "held": ("hold_domains = b.test", "-q", BOB, "x@b.test bob"),
    "queued": ("queue_domains = b.test", "", BOB, "x@b.test bob"),
    "queued by SMTP": ("queue_smtp_domains = remote.test", "", BOB, "x@remote.test bob"),
    "more fields": ("log_selector = +sender_on_delivery +return_path_on_delivery", "", BOB, "list nosuch owner"),
    "case": ("", "", BOB, "Bob@LOCAL.test BOB bob"),
    "filters: deliveries": ("", "", BOB, "fsave fdel"),
    "filters: unseen": ("", "", BOB, "fun"),
    "filters: a pipe": ("", "", "owner@local.test", "fpipe"),
    "filters: a quiet pipe": ("", "", BOB, "fquiet"),
    "filters: nothing": ("", "", BOB, "fseen"),
    "filters: ended": ("", "", BOB, "ffail"),
    "filters: ended with a text for the log": ("", "", BOB, "flog"),
    "filters: saved and failed": ("", "", BOB, "fsf"),
    "filters: put off": ("", "", BOB, "fwait"),
    "filters: frozen": ("", "", BOB, "fcold"),
    "filters: errors": ("", "", BOB, "fbad fexp fname"),
    "filters: logs": ("", "", BOB, "fwrite fwrong"),
    "system filter": ("SYSTEM", "", BOB, "bob"),
    "system filter: header lines": ("SYSTEM headers", "", BOB, "bob"),
    "system filter: ended": ("SYSTEM fail", "", BOB, "bob owner"),
    "system filter: put off": ("SYSTEM defer", "-q", BOB, "bob owner"),
    "system filter: frozen": ("SYSTEM freeze", "-q", BOB, "bob owner"),
    "system filter: deliveries": ("SYSTEM deliver", "", BOB, "bob owner"),
    "system filter: a log": ("SYSTEM log", "", BOB, "bob"),
    "system filter: no log": ("SYSTEM no log", "", BOB, "bob"),
    "system filter: discard": ("SYSTEM discard", "", BOB, "bob"),
    "system filter: quiet end": ("SYSTEM fail quietly", "", BOB, "bob"),
    "system filter: no transport": ("SYSTEM no transport", "", BOB, "bob"),
    "system filter: wrong": ("SYSTEM bad", "", BOB, "bob"),
}

SYSTEM = {
    "": "finish",
    "headers": 'headers remove X-Mailer:Subject; headers add "Subject: new $h_from:"; headers add "X-B: b"',
    "fail": 'fail text "<<logged>>not wanted"',
    "defer": 'if first_delivery then defer text "later" endif',
    "freeze": 'if first_delivery then freeze text "cold" endif',
    "deliver": "deliver owner@local.test; save @DIR@/mail/saved; unseen pipe \"/bin/sh -c 'cat > @DIR@/mail/p'\"",
    "log": 'logfile @DIR@/mail/log; logwrite "seen $recipients $n0 $sn0"; add 2 to n0; logwrite "now $n0"',
    "no log": 'logwrite "seen"',
    "discard": "seen finish",
    "fail quietly": "fail",
    "no transport": "unseen save @DIR@/mail/dir/",
    "bad": "bogus",
}
SYSTEM_OPTIONS = """system_filter = @DIR@/system
system_filter_file_transport = file
system_filter_pipe_transport = pipe
system_filter_user = nobody"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@needs_namespace
@pytest.mark.parametrize("name", CASES)
def test_deliveries(name: str, folder: Path) -> None:
    main, runs, sender, recipients = CASES[name]
    if main.startswith("SYSTEM"):
        commands = SYSTEM[main[6:].strip()].replace("; ", "\n").replace("@DIR@", str(folder))
        (folder / "system").write_text(f"# Exim filter\n{commands}\n")
        main = SYSTEM_OPTIONS
    config = CONFIG.replace("@MAIN@", main).replace("@RETRY@", RETRY).replace("@DIR@", str(folder))
    (folder / "exim.conf").write_text(config)
    (folder / "aliases").write_text(ALIASES.replace("@DIR@", str(folder)))
    (folder / "filters").write_text(FILTERS.replace("@DIR@", str(folder)))
    (folder / "message").write_bytes(MESSAGE)
    script = str(Path(__file__).with_name("deliveries.py"))

    def outcome(which: str) -> list[str]:
        words = [sys.executable, script, str(folder), which, sender, runs, *recipients.split()]
        done = run_inside(folder, "nothing.test A 10.0.0.1\n", words)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("latin-1").splitlines()

    compare_outcome(outcome("exim4"), outcome("ours"), lambda: outcome("exim4"))
