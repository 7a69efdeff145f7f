"""Whole deliveries by an installed Exim and by us: log lines, mailboxes, bounces, and what stays in the spool."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

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
  local_parts = bob : owner : un
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
}


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
    config = CONFIG.replace("@MAIN@", main).replace("@RETRY@", RETRY).replace("@DIR@", str(folder))
    (folder / "exim.conf").write_text(config)
    (folder / "aliases").write_text(ALIASES.replace("@DIR@", str(folder)))
    (folder / "message").write_bytes(MESSAGE)
    script = str(Path(__file__).with_name("deliveries.py"))
    answers = []
    for which in ("exim4", "ours"):
        words = [sys.executable, script, str(folder), which, sender, runs, *recipients.split()]
        done = run_inside(folder, "nothing.test A 10.0.0.1\n", words)
        assert done.returncode == 0, done.stderr.decode()
        answers.append(done.stdout.decode("latin-1"))
    assert answers[1] == answers[0]
