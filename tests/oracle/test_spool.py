"""Spool and logs against an installed Exim: its commands and Debian's tools read ours, we read theirs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from pwd import getpwnam

import pytest

from eximia.base.ordered_set import OrderedSet
from eximia.base.text import Quoted, Untainted
from eximia.context import Message, Recipient, Session, TlsFacts
from eximia.message.header import Header
from eximia.message.ids import IdSource
from eximia.queue.listing import ListingOptions, list_queue
from eximia.spool import Spool
from eximia.spool.durable import Arrival
from eximia.spool.header_file import write_header
from eximia.spool.journal import Journal
from eximia.spool.snapshot import restore, to_header

pytestmark = pytest.mark.skipif(
    shutil.which("exim4") is None or os.geteuid() != 0, reason="needs an installed Exim and root"
)

CONFIGURATION = """
primary_hostname = mx.test.ex
spool_directory = {folder}/spool
log_file_path = {folder}/spool/log/%slog
qualify_domain = test.ex
keep_environment =
acl_smtp_rcpt = acl_rcpt
acl_smtp_mail = acl_mail
dsn_advertise_hosts = *
never_users =
queue_only = true
{more}
begin acl
acl_mail:
  accept set acl_c_conn = of the connection
acl_rcpt:
  accept set acl_m_lp = $local_part
         set acl_m_q = ${{quote_mysql:$local_part}}
         set acl_m_nl = one\\ntwo
begin routers
later:
  driver = redirect
  domains = later.ex
  allow_defer
  data = :defer: not now
here:
  driver = accept
  domains = test.ex
  transport = file
begin transports
file:
  driver = appendfile
  file = {folder}/spool/mbox
  user = Debian-exim
begin retry
* * F,2h,15m
"""


class Oracle:
    """An installed Exim with a configuration and a spool of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o755)
        owner = getpwnam("Debian-exim")
        spool = folder / "spool"
        for path in (spool, spool / "input", spool / "msglog", spool / "log"):
            path.mkdir(mode=0o750)
            path.chmod(0o755 if path == spool else 0o750)
            os.chown(path, owner.pw_uid, owner.pw_gid)
        self.configure()
        self.spool = Spool(str(spool), uid=owner.pw_uid, gid=owner.pw_gid)

    def configure(self, more: str = "") -> None:
        text = CONFIGURATION.format(folder=self.folder, more=more)
        (self.folder / "conf").write_text(text)

    def run(self, *words: str, stdin: str = "") -> str:
        """Standard output of exim4."""
        return self.tool("exim4", "-C", str(self.folder / "conf"), *words, stdin=stdin)

    def tool(self, *words: str, stdin: str = "") -> str:
        # Debian's, not those of an environment that we are installed in
        program = str(shutil.which(words[0], path="/usr/sbin:/usr/bin"))
        done = subprocess.run(
            [program, *words[1:]], input=stdin.encode("latin-1"), capture_output=True, check=False, timeout=30
        )
        return done.stdout.decode("latin-1")

    def add(self, message: Message, session: Session, body: bytes = b"a body\n") -> str:
        message.id = message.id or IdSource(short=True, pid=len(os.listdir(self.folder / "spool/input")) + 1).next()[0]
        text = write_header(to_header(message, session, primary_hostname="mx.test.ex"))
        place = self.spool.place_for(message.id, message.queue_name)
        (held,) = self.spool.commit([Arrival(message.id, place, text.encode("latin-1"), body)])
        assert not isinstance(held, OSError)
        held.close()
        return message.id

    def listing(self, letters: str = "", now: int = 0) -> str:
        import time

        out: list[str] = []
        list_queue(self.spool, out.append, now or int(time.time()), ListingOptions.from_letters(letters))
        return "".join(out)


@pytest.fixture
def oracle() -> Iterator[Oracle]:
    folder = Path(tempfile.mkdtemp(prefix="spool"))
    yield Oracle(folder)
    shutil.rmtree(folder)


def rich() -> tuple[Message, Session]:
    """A message with something in every corner."""
    import time

    message = Message(
        sender_address="sender@from.ex",
        recipients=[
            Recipient("a@test.ex", orcpt="rfc822;a+2Bx@test.ex", dsn_flags=20),
            Recipient("b@later.ex", errors_to="err@test.ex", parent=0),
            Recipient("c@test.ex"),
        ],
        headers=[
            Header("Received: by mx.test.ex\n\tid x; Sun, 22 Nov 2026 08:50:47 +0000\n"),
            Header("From: sender@from.ex\n"),
            Header("To: old@test.ex\n", "*"),
            Header("To: a@test.ex\n"),
            Header("Subject: f\xfcnf\n"),
        ],
        received_time=time.time() - 200,
        received_protocol="esmtps",
        originator_login="Debian-exim",
        body_linecount=1,
        max_received_linelength=20,
        acl_vars={
            "_plain": Untainted("safe"),
            "1": "tainted\nlines",
            "_q": Quoted("quoted", "mysql"),
            "_empty": "",
        },
        nonrecipients=OrderedSet(("c@test.ex", "child@test.ex")),
        dsn_ret=1,
        dsn_envid="abc+2Bd",
    )
    session = Session(
        sender_host_address="10.1.2.3",
        sender_host_port=4567,
        sender_host_name="host.from.ex",
        host_name_known=True,
        sender_helo_name="helo.from.ex",
        interface_address="10.0.0.1",
        interface_port=25,
        authenticated_id="me",
        sender_host_authenticated="plain",
        authenticated_sender="me@from.ex",
        acl_vars={"_conn": Untainted("connection")},
        tls_in=TlsFacts(
            version="TLS1.3", cipher="TLS1.3:X:256", peerdn="CN=client", sni="sni.ex", certificate_verified=True
        ),
    )
    return message, session


def test_exim_lists_and_shows_our_messages(oracle: Oracle) -> None:
    message_id = oracle.add(*rich())
    Journal(oracle.spool.path(message_id, "-J")).add(["a@test.ex"])
    for letters in ("", "a", "u", "r", "ru", "ra"):
        assert oracle.run(f"-bp{letters}") == oracle.listing(letters), letters
    assert oracle.run("-bpc") == "1\n"
    path = oracle.folder / "spool" / "input"
    assert oracle.run("-Mvh", message_id) == (path / f"{message_id}-H").read_bytes().decode("latin-1")
    assert oracle.run("-Mvb", message_id) == f"{message_id}-D\na body\n"
    assert oracle.run("-Mvc", message_id).endswith("To: a@test.ex\nSubject: f\xfcnf\n\na body\n")
    assert "*** frozen ***" not in oracle.listing()
    oracle.run("-Mf", message_id)
    assert "*** frozen ***" in oracle.listing()


def test_exim_takes_over_our_variables(oracle: Oracle) -> None:
    message_id = oracle.add(*rich())
    expected = {
        "$sender_address": "sender@from.ex",
        "$sender_host_address": "10.1.2.3",
        "$sender_host_port": "4567",
        "$sender_host_name": "host.from.ex",
        "$sender_helo_name": "helo.from.ex",
        "$received_ip_address": "10.0.0.1",
        "$received_port": "25",
        "$received_protocol": "esmtps",
        "$authenticated_id": "me",
        "$authenticated_sender": "me@from.ex",
        "$sender_host_authenticated": "plain",
        "$tls_in_cipher": "TLS1.3:X:256",
        "$tls_in_ver": "TLS1.3",
        "$tls_in_peerdn": "CN=client",
        "$tls_in_sni": "sni.ex",
        "$tls_in_certificate_verified": "1",
        "$acl_m_plain": "safe",
        "$acl_m1": "tainted\nlines",
        "$acl_m_q": "quoted",
        "$acl_c_conn": "connection",
        "$recipients": "a@test.ex, b@later.ex, c@test.ex",
        "$h_subject:": "f\xfcnf",
        "$body_linecount": "1",
    }
    for variable, value in expected.items():
        assert oracle.run("-Mset", message_id, "-be", variable) == f"{value}\n", variable


def test_exim_delivers_our_message(oracle: Oracle) -> None:
    message, session = rich()
    message.recipients = message.recipients[:1]
    message_id = oracle.add(message, session, b"line\n" * 3)
    oracle.run("-M", message_id)
    assert (oracle.folder / "spool" / "mbox").read_bytes().endswith(b"\n\nline\nline\nline\n\n")
    assert message_id not in oracle.listing()


def test_exipick_and_exiqgrep_read_our_spool(oracle: Oracle) -> None:
    # exipick of 4.96 reads no tainted or quoted ACL variables, not even those that Exim 4.96 writes.
    first, session = rich()
    second, _ = rich()
    first.acl_vars = second.acl_vars = {"_plain": Untainted("safe")}
    message_id = oracle.add(first, session)
    second.sender_address = ""
    second.frozen = True
    second.frozen_at = second.received_time
    other = oracle.add(second, session)
    pick = ("exipick", "-spool", str(oracle.folder / "spool"))
    assert sorted(oracle.tool(*pick, "-i").split()) == sorted([message_id, other])
    assert oracle.tool(*pick, "-i", "$sender_address eq sender@from.ex").split() == [message_id]
    assert oracle.tool(*pick, "-i", "-z").split() == [other]
    grep = ("exiqgrep", "-C", str(oracle.folder / "conf"))
    assert oracle.tool(*grep, "-i", "-f", "^<>$").split() == [other]
    assert oracle.tool(*grep, "-i", "-z").split() == [other]
    assert oracle.tool(*grep, "-c", "-r", "b@later.ex").startswith("2 matches out of 2 messages")
    shown = oracle.tool(*pick, "-bp", "--show-vars", "$acl_m_plain,$sender_helo_name")
    assert "$acl_m_plain = 'safe'" in shown
    assert "$sender_helo_name = 'helo.from.ex'" in shown


SESSION = """EHLO client.ex
MAIL FROM:<s@out.ex> BODY=8BITMIME RET=HDRS ENVID=id1
RCPT TO:<a@test.ex> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x@y.ex
RCPT TO:<b@later.ex> NOTIFY=NEVER
DATA
From: s@out.ex
Subject: \xe4\xf6

..dot
.
QUIT
""".replace("\n", "\r\n")


@pytest.mark.parametrize("split", ["", "split_spool_directory"])
def test_we_read_what_exim_wrote(oracle: Oracle, split: str) -> None:
    oracle.configure(split)
    oracle.run("-odq", "-bs", "-oMa", "10.9.8.7.99", stdin=SESSION)
    ((message_id, place),) = oracle.spool.messages()
    text = Path(oracle.spool.path(message_id, "-H", place)).read_bytes().decode("latin-1")
    with oracle.spool.lock(message_id) as held:
        header = held.read()
        message, session = restore(header, held)
    assert write_header(header) == text
    assert message.body.read() == b".dot\n"
    assert [each.dsn_flags for each in message.recipients] == [20, 2]
    assert (message.dsn_ret, message.dsn_envid) == (2, "id1")
    assert session.sender_host_address == "10.9.8.7"
    assert message.acl_vars["_nl"] == "one\ntwo"
    quoted = message.acl_vars["_q"]
    assert isinstance(quoted, Quoted)
    assert quoted.quoter == "mysql"
    oracle.run("-M", message_id)
    assert oracle.run("-bpa") == oracle.listing("a")
    assert "        D a@test.ex\n          b@later.ex\n" in oracle.listing()
    again = oracle.spool.read(message_id, place)
    assert not again.deliver_firsttime
    assert again.nonrecipients == {"a@test.ex"}


def test_exim_and_we_exclude_each_other(oracle: Oracle) -> None:
    message_id = oracle.add(*rich())
    with oracle.spool.lock(message_id):
        assert oracle.run("-Mf", message_id) == f"Message {message_id} is locked\n"
    assert oracle.run("-Mf", message_id) == f"Message {message_id} is now frozen\n"
