"""OpenDMARC's importer takes the history file: its own program, into a MariaDB of the test's."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eximia.mailauth.dmarc import Dkim, Spf, evaluate
from eximia.mailauth.dmarc.history import Checked, block
from eximia.mailauth.zone import Zone

IMPORTER = "/usr/sbin/opendmarc-import"
SCHEMA = Path("/usr/share/dbconfig-common/data/opendmarc/install/mysql")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mariadbd") is None or not os.path.exists(IMPORTER) or not SCHEMA.exists(),
    reason="needs root, mariadbd and opendmarc",
)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The socket of a MariaDB with OpenDMARC's tables."""
    folder = Path(tempfile.mkdtemp(prefix="eximia-dmarc-"))
    owner = pwd.getpwnam("mysql")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    environment = {**os.environ, "TMPDIR": str(folder)}
    data, socket = folder / "data", folder / "socket"
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=mysql", "--auth-root-authentication-method=normal",
         "--skip-test-db"],
        check=True, capture_output=True, timeout=100, env=environment,
    )  # fmt: skip
    server = subprocess.Popen(
        ["mariadbd", "--no-defaults", f"--datadir={data}", "--user=mysql", f"--socket={socket}", "--skip-networking",
         f"--pid-file={folder}/pid"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    try:
        for _ in range(600):
            if subprocess.run(["mariadb-admin", "-S", str(socket), "ping"], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        text = SCHEMA.read_text() + (
            "CREATE USER 'opendmarc'@'localhost' IDENTIFIED BY 'changeme'; GRANT ALL ON opendmarc.* TO 'opendmarc'@'localhost';"
        )
        subprocess.run(["mariadb", "-S", str(socket)], input=text, text=True, check=True, timeout=30)
        yield str(socket)
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder)


def history() -> str:
    zone = Zone(
        {"_dmarc.example.com": [{"type": "TXT", "value": "v=DMARC1;p=reject;sp=none;rua=mailto:a@example.com"}]}
    )
    dkim = [Dkim("example.com", "pass", "sel"), Dkim("other.net", "fail", "s2")]
    passed = evaluate(zone.query, "example.com", dkim=dkim, spf=[Spf("other.net", "softfail")])
    failed = evaluate(zone.query, "example.com", spf=[Spf("other.net", "pass")])
    nobody = evaluate(zone.query, "nobody.net")
    facts = ("mx.test.ex", 1700000000, "2001:db8::1", "other.net")
    return (
        block(Checked("1aaa", *facts, passed, "softfail", dkim, "pass"))
        + block(Checked("1bbb", *facts, failed, "pass", action="reject"))
        + block(Checked("1ccc", *facts, nobody))
    )


def test_importer(database: str) -> None:
    text = history()
    done = subprocess.run(
        ["perl", "-e", _WITH_SOCKET, database, IMPORTER, "--dbhost=localhost", "--dbpasswd=changeme"],
        input=text, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    query = (
        "SELECT jobid, policy, disp, spf, align_dkim, align_spf, sigcount, arc, UNIX_TIMESTAMP(date), d.name "
        "FROM messages m JOIN domains d ON m.policy_domain = d.id ORDER BY jobid"
    )
    rows = _ask(database, query)
    assert rows == [
        ["1aaa", "15", "2", "2", "4", "5", "2", "1", "1700000000", "example.com"],
        ["1bbb", "16", "0", "0", "5", "5", "0", "0", "1700000000", "example.com"],
        ["1ccc", "14", "2", "-1", "5", "5", "0", "0", "1700000000", "nobody.net"],
    ]
    request = _ask(
        database,
        "SELECT repuri, adkim, aspf, policy, spolicy, pct FROM requests r JOIN domains d ON r.domain = d.id "
        "WHERE d.name = 'example.com'",
    )
    assert request == [["mailto:a@example.com", "114", "114", "114", "110", "100"]]
    signatures = _ask(
        database, "SELECT d.name, s.pass FROM signatures s JOIN domains d ON s.domain = d.id ORDER BY s.id"
    )
    assert signatures == [["example.com", "0"], ["other.net", "7"]]


#: run the importer with its database handle on our socket
_WITH_SOCKET = r"""
my $socket = shift @ARGV; my $program = shift @ARGV;
require DBI; my $connect = \&DBI::connect;
no warnings 'redefine';
*DBI::connect = sub { my ($class, $dsn, @rest) = @_; $connect->($class, "$dsn;mysql_socket=$socket", @rest) };
$0 = $program; my $done = do $program; die $@ if $@;
"""


def _ask(socket: str, query: str) -> list[list[str]]:
    done = subprocess.run(
        ["mariadb", "-S", socket, "-N", "-B", "opendmarc", "-e", query], capture_output=True, text=True, check=True
    )
    return [line.split("\t") for line in done.stdout.splitlines()]
