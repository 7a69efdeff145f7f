"""A server's TLS settings, good and bad: what clients meet and what the log says, beside an installed Exim with the same
configuration; TLS from the start, behind a proxy too (manual 14, 43)."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from eximia.tls.binding import is_built
from support_rows import OURS, Server, Talk, open_folder, swaks, until
from support_tls import Pki

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("exim4") is None or not is_built(),
    reason="needs root, exim4 and the OpenSSL binding",
)
#: case -> what is set otherwise; the client's address chooses
CASES: dict[str, dict[str, str]] = {
    "usual": {},
    "unreadable key": {"tls_privatekey": "PKI/secret.key"},
    "missing key": {"tls_privatekey": "PKI/none.key"},
    "key not with certificate": {"tls_privatekey": ""},
    "key of another": {"tls_privatekey": "PKI/alt.key"},
    "garbage": {"tls_certificate": "PKI/garbage"},
    "missing certificate": {"tls_certificate": "PKI/none.crt"},
    "expired": {"tls_certificate": "PKI/expired.chain", "tls_privatekey": "PKI/expired.key"},
    "unset": {"tls_certificate": "", "tls_privatekey": ""},
    "failing expansion": {"tls_certificate": "${readfile{/nosuch/file}}"},
    "certificate forced to fail": {"tls_certificate": "${if eq{1}{2}{x}fail}"},
    "curves forced to fail": {"tls_eccurve": "${if eq{1}{2}{x}fail}"},
    "a key too many": {"tls_privatekey": "PKI/ec.key:PKI/rsa.key"},
    "a key too few": {"tls_certificate": "PKI/ec.chain:PKI/rsa.chain"},
    "two certificates": {"tls_certificate": "PKI/ec.chain:PKI/rsa.chain", "tls_privatekey": "PKI/ec.key:PKI/rsa.key"},
    "hosts that cannot be read": {"tls_verify_hosts": "/nosuch/file"},
    "hosts that cannot be expanded": {"tls_advertise_hosts": "${readfile{/nosuch/file}}"},
    "dh none": {"tls_dhparam": "none"},
    "dh missing": {"tls_dhparam": "/nosuch/folder/dh.pem"},
    "dh unknown": {"tls_dhparam": "nonesuch"},
    "dh garbage": {"tls_dhparam": "PKI/garbage"},
    "protocol of another kind": {},
    "two protocols": {},
    "protocol required": {"hosts_require_alpn": "*"},
    "protocol named": {"hosts_require_alpn": "*"},
    "no protocols": {"tls_alpn": ""},
    "certificate required": {"tls_verify_hosts": "*"},
    # of what depends on the name that a client asks for, only some options are expanded again
    "certificate by name": {
        "tls_certificate": "${if eq{$tls_in_sni}{foo.example}{PKI/alt.chain}{PKI/ec.chain}}",
        "tls_privatekey": "${if eq{$tls_in_sni}{foo.example}{PKI/alt.key}{PKI/ec.key}}",
    },
    "ciphers by name": {"tls_require_ciphers": "${if eq{$tls_in_sni}{foo.example}{nonsense}}"},
}
#: cases whose clients ask for foo.example
NAMED = ("certificate by name", "ciphers by name")
#: what the clients of some cases offer by ALPN
OFFERED = {
    "protocol of another kind": ["http/1.1"],
    "two protocols": ["smtp", "esmtp"],
    "protocol named": ["smtp"],
    "no protocols": ["http/1.1"],
}
DEFAULT = {
    "tls_certificate": "PKI/ec.chain",
    "tls_privatekey": "PKI/ec.key",
    "tls_dhparam": "default",
    "tls_alpn": "smtp : esmtp",
    "hosts_require_alpn": "",
    "tls_verify_hosts": "",
    "tls_advertise_hosts": "*",
    "tls_eccurve": "auto",
    "tls_require_ciphers": "",
}
ADDRESS = {name: f"127.0.2.{number}" for number, name in enumerate(CASES, 1)}
REFUSED = "454 TLS currently unavailable"
GO = "220 TLS go ahead"
UNREADABLE = "421 Unexpected failure, please try later"
#: what is expected of ours; the others work
BAD = {
    "unreadable key": (REFUSED, "(SSL_CTX_use_PrivateKey_file file=PKI/secret.key): error:8000000D:"),
    "missing key": (REFUSED, "(SSL_CTX_use_PrivateKey_file file=PKI/none.key): error:80000002:"),
    "key not with certificate": (REFUSED, "(SSL_CTX_use_PrivateKey_file file=PKI/ec.chain): error:"),
    "key of another": (
        REFUSED,
        "(SSL_CTX_use_PrivateKey_file file=PKI/alt.key): error:05800074:x509 certificate routines::key values mismatch",
    ),
    "garbage": (REFUSED, "(SSL_CTX_use_certificate_chain_file file=PKI/garbage): error:"),
    "missing certificate": (REFUSED, "(SSL_CTX_use_certificate_chain_file file=PKI/none.crt): error:80000002:"),
    "failing expansion": (REFUSED, "Internal error"),
    "a key too few": (REFUSED, "(cert/key setup: out of keys)"),
    "dh missing": (REFUSED, "(could not read dhparams file /nosuch/folder/dh.pem: error:80000002:"),
    "dh unknown": (REFUSED, "(No standard prime named): nonesuch"),
    "dh garbage": (REFUSED, "(could not read dhparams file PKI/garbage: error:"),
    "protocol of another kind": (GO, "(SSL_accept): error:0A0000EB:SSL routines::no application protocol"),
    "two protocols": (GO, "(SSL_accept): error:0A0000EB:SSL routines::no application protocol"),
    "protocol required": (GO, "(handshake): ALPN required but not negotiated"),
    "certificate required": (GO, "(SSL_accept): error:0A0000C7:SSL routines::peer did not return a certificate"),
}
#: lines of their own, in the same words
ALIKE = {
    "failing expansion": [
        "expansion of tls_certificate failed: failed to open /nosuch/file: No such file or directory"
    ],
    "two protocols": ["TLS ALPN (smtp:esmtp) rejected"],
    "hosts that cannot be read": [
        "failed to open /nosuch/file when checking tls_verify_hosts: No such file or directory"
    ],
}


def configuration(pki: Pki) -> str:
    """Each option looks for the client's address in a list of what is set otherwise."""
    text = "primary_hostname = my.example\nacl_smtp_rcpt = accept\nqueue_only\ntls_verify_certificates = PKI/root.crt\n"
    for option, usual in DEFAULT.items():
        chosen = [(ADDRESS[name], values[option]) for name, values in CASES.items() if option in values]
        value = usual
        for address, other in chosen:
            value = f"${{if eq{{$sender_host_address}}{{{address}}}{{{other}}}{{{value}}}}}"
        text += f"{option} = {value}\n"
    return text.replace("PKI", str(pki.folder))


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Both:
    """The two servers, and what each of them did."""

    def __init__(self, folder: Path) -> None:
        (folder / "pki").mkdir()
        self.pki = pki = Pki(folder / "pki")
        pki.write("garbage", b"hello\n")
        for path in pki.folder.iterdir():
            path.chmod(0o644)
        Path(pki.write("secret.key", Path(pki.path("ec.key")).read_bytes())).chmod(0o600)
        text = configuration(pki)
        self.servers = {"ours": Server(folder / "ours", OURS, text, tls=True)}
        self.servers["exim"] = Server(folder / "exim", ["exim4"], text, tls=True)
        self.seen = {(who, case): self.meet(server, case) for who, server in self.servers.items() for case in CASES}
        time.sleep(1)  # an Exim process logs after it has hung up

    def meet(self, server: Server, case: str) -> tuple[str, str, bytes]:
        """(reply to STARTTLS, `works` or not, the server's certificate)."""
        with contextlib.ExitStack() as stack:
            talk = stack.enter_context(Talk(server.port, ADDRESS[case]))
            assert "STARTTLS" in talk.greeted()
            reply = talk.say("STARTTLS")
            if reply == UNREADABLE:
                return reply, "", b""
            if not reply.startswith("220"):
                assert talk.say("MAIL FROM:<>").startswith("250 ")
                assert talk.say("QUIT").startswith("221 ")
                return reply, "", b""
            context = client_context()
            named = "foo.example" if case in NAMED else None
            if case in OFFERED:
                context.set_alpn_protocols(OFFERED[case])
            try:
                inside = stack.enter_context(context.wrap_socket(talk.sock, server_hostname=named))
                inside.sendall(b"EHLO inside.example\r\nQUIT\r\n")
                said = b""
                while more := inside.recv(4096):
                    said += more
                works = "works" if said.endswith(b"221 my.example closing connection\r\n") else "ended"
                return reply, works, inside.getpeercert(True) or b""
            except OSError:
                return reply, "ended", b""

    def log(self, who: str, case: str) -> list[str]:
        """What the main log has about one client."""
        lines = [line.partition(" ")[2].partition(" ")[2] for line in self.servers[who].log().splitlines()]
        return [line.replace(str(self.pki.folder), "PKI") for line in lines if f"[{ADDRESS[case]}]" in line]

    def stop(self) -> None:
        for server in self.servers.values():
            server.stop()


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    with open_folder() as folder:
        made = Both(folder)
        try:
            yield made
        finally:
            made.stop()


@pytest.mark.parametrize("case", CASES)
def test_what_a_client_meets(both: Both, case: str) -> None:
    """The same as with an installed Exim; what the log says, but for the library's words."""
    reply, works, certificate = both.seen["ours", case]
    assert (reply, works) == both.seen["exim", case][:2]
    if case in NAMED:
        assert certificate == both.seen["exim", case][2]
    start = "TLS error on connection from (client.example) "
    log, theirs = both.log("ours", case), both.log("exim", case)
    if case in BAD:
        expected, why = BAD[case]
        assert reply == expected
        assert len(log) == 1
        assert log[0].startswith(f"{start}[{ADDRESS[case]}] {why}")
        assert any(line.startswith(start) for line in theirs)
        if not why.startswith(("(SSL", "(could")):
            assert log[0] in theirs
    else:
        assert (reply, works) == (GO, "works") or case == "hosts that cannot be read"
        assert log == theirs == []
    for line in ALIKE.get(case, []):
        for who in both.servers:
            assert f" {line}\n" in both.servers[who].log()


def test_the_certificate_of_nobody(both: Both) -> None:
    """Without one the server makes itself one, for its own name; an expired one is shown as it is."""
    made = x509.load_der_x509_certificate(both.seen["ours", "unset"][2])
    assert made.subject == made.issuer
    assert [one.value for one in made.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)] == ["my.example"]
    assert both.seen["ours", "expired"][2] == both.pki.made["expired"].der


CIPHERS = """primary_hostname = my.example
acl_smtp_rcpt = accept
queue_only
tls_certificate = PKI/rsa.chain
tls_privatekey = PKI/rsa.key
tls_require_ciphers = ${if eq{$sender_host_address}{127.0.2.1}{ECDHE-RSA-AES128-GCM-SHA256}\\
  {${if eq{$sender_host_address}{127.0.2.2}{DHE-RSA-AES256-GCM-SHA384}{HIGH}}}}
tls_dhparam = ${if eq{$sender_host_address}{127.0.2.2}{ffdhe3072}{${if eq{$sender_host_address}{127.0.2.3}{none}}}}
tls_eccurve = ${if eq{$sender_host_address}{127.0.2.4}{secp384r1}{${if eq{$sender_host_address}{127.0.2.5}{}{auto}}}}
tls_on_connect_ports = PORT
hosts_proxy = 127.0.2.9
log_selector = +tls_on_connect +proxy
"""


@pytest.fixture(scope="module")
def early() -> Iterator[Server]:
    """Ours, with TLS from the start of the connection."""
    with open_folder() as folder:
        (folder / "pki").mkdir()
        pki = Pki(folder / "pki")
        for path in pki.folder.iterdir():
            path.chmod(0o644)
        server = Server(folder / "early", OURS, CIPHERS.replace("PKI", str(pki.folder)), tls=True)
        try:
            yield server
        finally:
            server.stop()


def ask(server: Server, source: str, *more: str) -> str:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-bind", f"{source}:0", *more]
    done = subprocess.run(command, input=b"QUIT\r\n", capture_output=True, timeout=30, check=False)
    return (done.stdout + done.stderr).decode("latin-1")


@pytest.mark.parametrize(
    ("source", "words", "found"),
    [
        # the list is for TLS 1.2; TLS 1.3 has its own suites
        ("127.0.2.1", ("-tls1_2",), "New, TLSv1.2, Cipher is ECDHE-RSA-AES128-GCM-SHA256"),
        ("127.0.2.1", ("-tls1_2", "-cipher", "AES256-GCM-SHA384"), "handshake failure"),
        ("127.0.2.1", ("-tls1_3",), "New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384"),
        ("127.0.2.1", ("-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"), "TLS_CHACHA20_POLY1305_SHA256"),
        ("127.0.2.2", ("-tls1_2",), "Server Temp Key: DH, 3072 bits"),
        ("127.0.2.3", ("-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"), "handshake failure"),
        ("127.0.2.3", ("-tls1_2",), "Cipher is ECDHE-RSA-AES256-GCM-SHA384"),
        ("127.0.2.4", ("-tls1_3",), "Server Temp Key: ECDH, secp384r1"),
        ("127.0.2.4", ("-tls1_3", "-groups", "X25519"), "handshake failure"),
        ("127.0.2.4", ("-tls1_2",), "Server Temp Key: ECDH, secp384r1"),
        # an empty list: none at all
        ("127.0.2.5", ("-tls1_3",), "Server Temp Key: DH, 2048 bits"),
        ("127.0.2.5", ("-tls1_3", "-groups", "X25519"), "handshake failure"),
        ("127.0.2.5", ("-tls1_2",), "Cipher is DHE-RSA-"),
        ("127.0.2.6", ("-tls1_3",), "Server Temp Key: X25519"),
        ("127.0.2.6", ("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"), "protocol version"),
    ],
)
def test_ciphers_and_groups(early: Server, source: str, words: tuple[str, ...], found: str) -> None:
    assert found in ask(early, source, *words)


def lines(server: Server, sender: str) -> str:
    found = until(lambda: re.search(rf"<= {sender} .*", server.log()))
    assert isinstance(found, re.Match)
    return found[0]


@pytest.mark.parametrize(("protocol", "word", "kept"), [("ESMTP", "essmtp", "esmtps"), ("SMTP", "ssmtp", "smtps")])
def test_the_word_for_tls_from_the_start(early: Server, protocol: str, word: str, kept: str) -> None:
    """The log selector tells it from STARTTLS by the manual's older name of the protocol, SSMTP; $received_protocol and
    `Received:` have the usual words."""
    sender = f"{protocol.lower()}@client.example"
    said = swaks(early.port, "-tlsc", "--protocol", protocol, "-f", sender, "-t", "a@my.example")
    assert "closing connection" in said
    assert f" P={word} X=TLS1.3:" in lines(early, sender)

    def look() -> str:
        found = [path.read_text("latin-1") for path in (early.folder / "spool" / "input").rglob("*-H")]
        return next((text for text in found if f"<{sender}>" in text), "")

    head = str(until(look))
    assert f"\n-received_protocol {kept}\n" in head
    assert f" with {kept} " in head


@pytest.mark.parametrize("version", [1, 2])
def test_a_proxy_before_tls(early: Server, version: int) -> None:
    """The proxy speaks in clear, then the client's TLS begins."""
    if version == 1:
        head = b"PROXY TCP4 192.0.2.7 192.0.2.25 4321 465\r\n"
    else:
        addresses = socket.inet_aton("192.0.2.7") + socket.inet_aton("192.0.2.25")
        head = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + addresses + (4321).to_bytes(2) + (465).to_bytes(2)
    sender = f"proxied{version}@client.example"
    with socket.create_connection(("127.0.0.1", early.port), 20, ("127.0.2.9", 0)) as sock:
        sock.sendall(head)
        with client_context().wrap_socket(sock, suppress_ragged_eofs=True) as inside:
            file = inside.makefile("rwb", buffering=0)
            assert file.readline().startswith(b"220 my.example ")
            text = f"EHLO x\r\nMAIL FROM:<{sender}>\r\nRCPT TO:<a@my.example>\r\nDATA\r\n"
            for command in text.splitlines(keepends=True):
                file.write(command.encode())
                while (line := file.readline())[3:4] == b"-":
                    pass
                assert line[:1] in b"23"
            file.write(b"Subject: x\r\n\r\nx\r\n.\r\n")
            assert file.readline().startswith(b"250 ")
    arrived = lines(early, sender)
    assert " H=(x) [192.0.2.7] " in arrived
    assert " PRX=127.0.2.9 " in arrived
    assert " P=essmtp " in arrived


def test_no_tls_on_a_port_for_it(early: Server) -> None:
    """Clear text: no word in reply, and a line in the log."""
    with socket.create_connection(("127.0.0.1", early.port), 20, ("127.0.2.8", 0)) as sock:
        sock.sendall(b"EHLO clear.example\r\n")
        assert sock.makefile("rb").read()[:4] in (b"", b"\x15\x03\x01\x00", b"\x15\x03\x03\x00")
    until(lambda: "TLS error on connection from [127.0.2.8] (SSL_accept): error:" in early.log())
