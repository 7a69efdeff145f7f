"""What the documentation of the queuefile transport promises, claim by claim, through the daemon."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator

import pytest

from support_rows import OURS, Server, open_folder, send, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

GENERIC = """  body_only
  current_directory = /nowhere
  disable_logging = false
  debug_print = queued $local_part
  delivery_date_add
  envelope_to_add
  event_action = ${acl{event}}
  group = nogroup
  headers_add = X-Added: yes
  headers_only = false
  headers_remove = Subject
  headers_rewrite = *@* x@y.example
  home_directory = /nowhere
  initgroups
  max_parallel = 3
  message_size_limit = 1M
  rcpt_include_affixes
  retry_use_local_part
  return_path = other@x.example
  return_path_add
  shadow_condition = no
  shadow_transport = copy
  transport_filter = /bin/false
  transport_filter_timeout = 5m
  user = Debian-exim
"""
CONFIGURATION = f"""primary_hostname = near.example
acl_smtp_rcpt = accept
log_selector = +received_recipients
begin acl
event:
  accept logwrite = event $event_name
begin routers
r:
  driver = accept
  transport = ${{if eq{{$domain}}{{generic.example}}{{generic}}{{copy}}}}
begin transports
copy:
  driver = queuefile
  directory = @D/${{if eq{{$domain}}{{first.example}}{{box}}{{second}}}}
generic:
  driver = queuefile
  directory = @D/box
{GENERIC}"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with open_folder() as folder:
        made = Server(folder / "near", OURS, CONFIGURATION)
        second = made.folder / "second"
        second.mkdir()
        shutil.chown(second, "Debian-exim", "Debian-exim")
        yield made
        made.stop()


def copied(server: Server, domain: str, folder: str = "box") -> tuple[str, dict[str, str]]:
    """The id of one message and its copied files."""
    before = len(server.log())
    send(server.port, [f"joe@{domain}"])
    done = until(lambda: re.search(r"(\S+) Completed", server.log()[before:]))
    assert isinstance(done, re.Match)
    files = {path.name: path.read_text("latin-1") for path in (server.folder / folder).glob(f"{done[1]}*")}
    return done[1], files


def test_copies(server: Server) -> None:
    """The message's files appear in the directory, in the format of the spool; a delivery line is logged."""
    name, files = copied(server, "first.example")
    assert sorted(files) == [f"{name}-D", f"{name}-H"]
    assert files[f"{name}-D"] == f"{name}-D\nHello\n"
    assert files[f"{name}-H"].startswith(f"{name}-H\n")
    assert "joe@first.example" in files[f"{name}-H"]
    assert re.search(rf"{name} => joe <joe@first\.example> R=r T=copy\n", server.log())


def test_directory_is_expanded(server: Server) -> None:
    """`directory` is expanded for each delivery."""
    name, files = copied(server, "elsewhere.example", "second")
    assert sorted(files) == [f"{name}-D", f"{name}-H"]


def test_generic_options(server: Server) -> None:
    """The generic options of transports are taken, but the copy is the message as it is queued."""
    name, files = copied(server, "generic.example")
    assert files[f"{name}-D"] == f"{name}-D\nHello\n"
    header = files[f"{name}-H"]
    assert "Subject: row" in header
    assert "X-Added" not in header
    assert "Delivery-date" not in header
    assert "other@x.example" not in header


def test_queued_again(server: Server) -> None:
    """Moved back into the spool, the queue runner delivers it."""
    name, files = copied(server, "first.example")
    for each in files:
        shutil.move(server.folder / "box" / each, server.folder / "spool" / "input" / each)
    assert name in server.call("-bp")
    before = len(server.log())
    server.call("-qff")
    until(lambda: f"{name} Completed" in server.log()[before:])


def test_listed(server: Server) -> None:
    """-bV and -d name the feature among what is supported."""
    assert re.search(r"Support for:.*Experimental_QUEUEFILE", server.call("-bV"))
    assert re.search(r"Support for:.*Experimental_DCC", server.call("-d", "-bV"))
    assert re.search(r"Transports:.*queuefile", server.call("-bV"))
