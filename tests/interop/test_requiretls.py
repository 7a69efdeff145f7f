"""REQUIRETLS as a user meets it: a message handed in with it goes to servers that promise the same and are known by their
certificates, or comes back; what the servers behind are told, and what the sender reads (RFC 8689)."""

from __future__ import annotations

import email
import email.policy
import ipaddress
import os
import re
import shutil
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage, Message
from pathlib import Path

import pytest
from cryptography import x509

from eximia.tls.binding import is_built
from support_rows import OURS, Server, open_folder, until
from support_tls import BOTH, Pki, make

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("exim4") is None or not is_built(),
    reason="needs root, exim4 and the OpenSSL binding",
)
#: keeps what it gets, and what was said of it, in its spool
FAR = """primary_hostname = far.example
tls_certificate = PKI/CERT.chain
tls_privatekey = PKI/CERT.key
acl_smtp_rcpt = accept
queue_only
MORE
"""
NEAR = """primary_hostname = near.example
qualify_domain = near.example
acl_smtp_rcpt = accept
tls_certificate = PKI/ec.chain
tls_privatekey = PKI/ec.key
requiretls_advertise_hosts = *
begin routers
here:
  driver = accept
  domains = near.example
  transport = box
out:
  driver = manualroute
  route_data = ${extract{${extract{1}{.}{$domain}}}{HOSTS}}
  host_find_failed = defer
  hosts_randomize = false
  self = send
  transport = out
begin transports
box:
  driver = appendfile
  file = @D/box/${lookup{$local_part}lsearch{@D/users}}
  user = Debian-exim
out:
  driver = smtp
  hosts_try_dane =
  tls_verify_certificates = PKI/root.crt
begin retry
* * F,1h,10m
"""


class World:
    """`near` is ours; behind it are ours with REQUIRETLS (`with`), the same with a certificate for another name
    (`named`), an installed Exim (`without`), and one that has no TLS (`clear`)."""

    def __init__(self, folder: Path, pki: Pki) -> None:
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        pki.leaf("local", make("x", issuer=pki.made["inter"], usages=BOTH, extra=[address]))
        for path in pki.folder.iterdir():
            path.chmod(0o644)

        def far(name: str, program: list[str], leaf: str, more: str = "", *, tls: bool = True) -> Server:
            text = FAR.replace("PKI", str(pki.folder)).replace("CERT", leaf).replace("MORE", more)
            if not tls:
                text = re.sub("(?m)^tls.*\n", "", text)
            return Server(folder / name, program, text, tls=tls)

        offers = "requiretls_advertise_hosts = *"
        self.servers = {
            "with": far("with", OURS, "local", offers),
            "named": far("named", OURS, "alt", offers),
            "without": far("without", ["exim4"], "local"),
            "clear": far("clear", ["exim4"], "local", tls=False),
        }
        routes = {name: (name,) for name in self.servers} | {"second": ("without", "with"), "third": ("clear", "with")}
        hosts = " ".join(
            f'{name}="<+{"+".join(f"127.0.0.1:{self.servers[one].port}" for one in ways)}"'
            for name, ways in routes.items()
        )
        text = NEAR.replace("PKI", str(pki.folder)).replace("HOSTS", hosts)
        self.near = Server(folder / "near", OURS, text, tls=True)
        (folder / "near" / "users").write_text("sender: sender\n")

    def stop(self) -> None:
        for server in (self.near, *self.servers.values()):
            server.stop()

    def session(self) -> smtplib.SMTP:
        client = smtplib.SMTP("127.0.0.1", self.near.port, "client.example", timeout=60)
        client.ehlo()
        return client

    def send(self, to: str, *, options: tuple[str, ...] = ("REQUIRETLS",), sender: str = "", head: str = "") -> str:
        """A message over TLS; the near server's line of what became of it."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with self.session() as client:
            client.starttls(context=context)
            client.ehlo()
            assert client.has_extn("requiretls")
            text = f"{head}Subject: to {to}\nFrom: sender@near.example\n\nsecret of {to}\n"
            client.sendmail(sender or "sender@near.example", [to], text, list(options))
        found = until(lambda: re.search(rf" (=>|==|\*\*) {re.escape(to)} .*", self.near.log()))
        assert isinstance(found, re.Match)
        return found[0].strip()

    def returned(self, to: str) -> EmailMessage:
        """The bounce in the sender's mailbox."""

        def bounce() -> Message | None:
            for one in re.split(r"(?m)^From .*\n", self.near.box("sender")):
                if f"to {to}\n" in one and "Mail delivery failed" in one:
                    return email.message_from_string(one, policy=email.policy.default)
            return None

        found = until(bounce)
        assert isinstance(found, EmailMessage)
        return found

    def kept(self, name: str, to: str) -> str:
        """The envelope file of a message at one of the servers behind."""

        def look() -> str:
            for path in (self.servers[name].folder / "spool" / "input").rglob("*-H"):
                text = path.read_text("latin-1")
                if f"\n{to}\n" in text:
                    return text
            return ""

        return str(until(look))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_folder() as folder:
        (folder / "pki").mkdir()
        made = World(folder, Pki(folder / "pki"))
        try:
            yield made
        finally:
            made.stop()


def test_only_inside_tls(world: World) -> None:
    with world.session() as client:
        assert not client.has_extn("requiretls")
        code, text = client.docmd("MAIL FROM:<sender@near.example> REQUIRETLS")
    assert code == 501
    assert b"REQUIRETLS" in text


def test_on_to_a_server_that_promises_the_same(world: World) -> None:
    line = world.send("a@with.example")
    assert line.startswith("=>")
    assert " CV=yes" in line
    assert "\n-requiretls\n" in world.kept("with", "a@with.example")


def test_without_being_asked_nothing_is_promised(world: World) -> None:
    assert world.send("b@with.example", options=()).startswith("=>")
    assert "requiretls" not in world.kept("with", "b@with.example")


@pytest.mark.parametrize(
    ("host", "why", "code"),
    [
        ("without", "REQUIRETLS support required", "5.7.30"),
        ("clear", "REQUIRETLS: a TLS session is required, but the server did not offer TLS support", "5.7.10"),
        ("named", "REQUIRETLS: TLS session: (SSL_connect): error:", "5.7.10"),
    ],
)
def test_back_to_the_sender(world: World, host: str, why: str, code: str) -> None:
    """At once, by a bounce that says why and does not have the text."""
    to = f"c@{host}.example"
    line = world.send(to)
    assert line.startswith("**")
    assert why in line
    back = world.returned(to)
    text, status, headers = back.get_payload()
    assert back["Subject"] == "Mail delivery failed: returning message to sender"
    assert why in " ".join(text.get_payload().split())
    assert status.get_content_type() == "message/delivery-status"
    assert f"Status: {code}" in status.as_string()
    assert headers.get_content_type() == "text/rfc822-headers"
    assert "secret" not in back.as_string()
    queued = world.servers[host].call("-bp")
    assert to not in queued


def test_a_certificate_for_another_name(world: World) -> None:
    """Nothing of the message is said to that server."""
    line = world.send("d@named.example")
    assert line.startswith("**")
    assert "certificate verify failed" in line
    assert "delivering unencrypted" not in world.near.log()
    assert "d@named.example" not in world.servers["named"].call("-bp")
    assert world.send("e@named.example", options=()).startswith("==") is False


@pytest.mark.parametrize("first", ["second", "third"])
def test_another_host_may_do(world: World, first: str) -> None:
    line = world.send(f"f@{first}.example")
    assert line.startswith("=>")
    assert f":{world.servers['with'].port}" in line or "CV=yes" in line
    assert "\n-requiretls\n" in world.kept("with", f"f@{first}.example")


def test_the_bounce_is_bound_too(world: World) -> None:
    """The sender is elsewhere: what comes back goes over the same kind of servers only."""
    assert world.send("g@without.example", sender="origin@with.example").startswith("**")
    assert "\n-requiretls\n" in world.kept("with", "origin@with.example")
    assert world.send("h@without.example", sender="origin@clear.example").startswith("**")
    until(lambda: re.search(r"\*\* origin@clear\.example .*REQUIRETLS: ", world.near.log()))
    assert "origin@clear.example" not in world.servers["clear"].call("-bp")


def test_the_header_line_says_less_than_the_envelope(world: World) -> None:
    """`TLS-Required: No` beside REQUIRETLS is not obeyed; alone it changes nothing where nobody asks for security."""
    assert world.send("i@without.example", head="TLS-Required: No\n").startswith("**")
    line = world.send("j@clear.example", options=(), head="TLS-Required: No\n")
    assert line.startswith("=>")
    assert "TLS-Required: No" in world.kept("clear", "j@clear.example")
