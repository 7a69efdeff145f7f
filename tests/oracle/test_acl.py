"""The same ACL given to an installed Exim (`exim4 -bh`) and to ours: replies, log lines and commentary must agree."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support_acl import World

EXIM = shutil.which("exim4")
pytestmark = pytest.mark.skipif(EXIM is None, reason="no exim4 to compare with")

_MAIN = """primary_hostname = mx.test.ex
spool_directory = {spool}
log_file_path = {spool}/%slog
keep_environment =
host_lookup =
tls_advertise_hosts =
domainlist local_domains = test.ex
acl_smtp_rcpt = a
begin acl
a:
"""
_FIRST_LINE = _MAIN.count("\n") + 1
_REST = """
begin routers
fail:
  driver = redirect
  local_parts = lfail
  data = :fail: no such user
  allow_fail
dfr:
  driver = redirect
  local_parts = ldefer
  data = :defer: not now
  allow_defer
r:
  driver = accept
  domains = +local_domains
  transport = t
  address_data = AD$local_part
begin transports
t:
  driver = appendfile
  file = /dev/null
  user = mail
"""
_SESSION = b"EHLO cl.ex\r\nMAIL FROM:<s@x.ex>\r\nRCPT TO:<q@test.ex>\r\nQUIT\r\n"
#: commentary of ACLs alone: list matching, routing and Bloom filters are told of elsewhere
_OURS = re.compile(
    r">>> [ \xe2\x95\x8e]*(using ACL|processing|check |  message:|l_message:|\w+: condition|\w+: endpass|end of |=)"
    r"|>>> +=|>>> (ratelimit (condition|computed|found pre|db)|seen db|delay )"
)
_VOLATILE = re.compile(r"^LOG: (lost|unexpected|no host name)")


def cases() -> Iterator[str]:
    """The ACLs, one after another; lines that end with a colon at the start begin another ACL."""
    text = (Path(__file__).parent / "acl_rcpt.cases").read_text()
    for case in text.split("\n---\n"):
        yield "  " + case.strip("\n")


def names() -> list[str]:
    return [" ".join(case.split())[:70] for case in cases()]


def of_exim(case: str, directory: Path) -> tuple[list[str], list[str], list[str]]:
    """(reply, log lines, commentary) of Exim."""
    assert EXIM is not None
    spool = directory / "exim"
    spool.mkdir(mode=0o777)
    spool.chmod(0o777)
    conf = spool / "conf"
    conf.write_text(_MAIN.format(spool=spool) + case + "\n" + _REST)
    done = subprocess.run(
        [EXIM, "-C", str(conf), "-bh", "1.2.3.4"], input=_SESSION, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    reply: list[str] = []
    logs: list[str] = []
    said: list[str] = []
    greeted = 0
    for line in done.stdout.decode("latin-1").replace("\r", "").split("\n"):
        if line.startswith("LOG: ") and not _VOLATILE.match(line):
            logs.append(line)
        elif line[:3].isdigit() and line[:3] != "221":
            # banner, EHLO and MAIL come first
            if greeted >= 3:
                reply.append(line)
            elif line[3] == " ":
                greeted += 1
        elif _OURS.match(line) and line != ">>>   message: not now":  # said by a router
            said.append(re.sub(r"\(/\S+ (\d+)\)", r"(conf \1)", line))
    return reply, logs, said


def of_ours(case: str, directory: Path) -> tuple[list[str], list[str], list[str]]:
    world = World(directory / "ours")
    world.trace()
    world.define("a:\n" + case, line=_FIRST_LINE - 1)
    reply = world.rcpt("q")
    logs = [line for line in world.output if line.startswith("LOG: ")]
    said = [part for line in world.output for part in line.split("\n") if _OURS.match(part)]
    return reply, logs, said


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that Exim's own user can reach (pytest's are private)."""
    with tempfile.TemporaryDirectory(prefix="eximia-oracle-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("case", list(cases()), ids=names())
def test_same_reply_log_and_commentary(case: str, directory: Path) -> None:
    (directory / "ours").mkdir()
    expected = of_exim(case, directory)
    reply, logs, said = of_ours(case, directory)
    assert reply == expected[0]
    assert logs == expected[1]
    assert said == expected[2]
