"""OpenDMARC behind OpenDKIM, and ClamAV's milter, as real milters of one server."""

from __future__ import annotations

import re
import signal
import smtplib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from support_servers import free_port
from support_services import MailServer, Running, clamd, mail_server, opendkim, program, until

NAMES = Path(__file__).resolve().parents[1] / "oracle" / "dns_server.py"
SUFFIXES = "/usr/share/publicsuffix/public_suffix_list.dat"
#: a name server of their own at 127.0.0.1, where neither port nor address can be chosen
_APART = """
ip link set lo up
echo nameserver 127.0.0.1 > "$1/resolv.conf"; mount --bind "$1/resolv.conf" /etc/resolv.conf
exec "$2" "$3" "$1/zone" sh -c 'opendkim -f -x "$0/verify.conf" & exec opendmarc -f -c "$0/dmarc.conf"' "$1"
"""


class Judges(NamedTuple):
    signer: Running
    dkim: Path
    dmarc: Path


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judges]:
    """OpenDKIM to sign for x.ex, OpenDKIM to verify, OpenDMARC that trusts what that found."""
    folder = tmp_path_factory.mktemp("judges")
    signer = opendkim(folder / "signer")
    key = "".join(re.findall(r'"([^"]*)"', (folder / "signer" / "key.txt").read_text()))
    (folder / "zone").write_text(
        f"sel._domainkey.x.ex TXT {key}\n_dmarc.x.ex TXT v=DMARC1; p=reject\n"
        "_dmarc.soft.ex TXT v=DMARC1; p=quarantine\n_dmarc.none.ex TXT v=DMARC1; p=none\n"
    )
    (folder / "verify.conf").write_text(
        f"Mode v\nSocket local:{folder}/dkim\nUMask 000\nBackground no\nSyslog no\nAutoRestart no\n"
        "Nameservers 127.0.0.1\nAlwaysAddARHeader yes\nAuthservID mx.test.ex\nRemoveARAll yes\n"
    )
    (folder / "dmarc.conf").write_text(
        f"Socket local:{folder}/dmarc\nUMask 000\nSyslog false\nBackground false\nAutoRestart false\n"
        f"AuthservID mx.test.ex\nTrustedAuthservIDs mx.test.ex\nRejectFailures true\nHoldQuarantinedMessages true\n"
        f"PublicSuffixList {SUFFIXES}\nIgnoreHosts {folder}/ignored\nRequiredHeaders false\n"
        f"PidFile {folder}/pid\n"
    )
    (folder / "ignored").write_text("192.0.2.1\n")
    folder.chmod(0o755)
    for name in ("unshare", "opendkim", "opendmarc"):
        program(name)
    command = ["unshare", "-mn", "sh", "-c", _APART, "sh", str(folder), sys.executable, str(NAMES)]
    both = Running(command, folder, path=folder / "dmarc")
    until((folder / "dkim").exists)
    yield Judges(signer, folder / "dkim", folder / "dmarc")
    both.stop(signal.SIGKILL)
    signer.stop()


def signed(judges: Judges, folder: Path) -> str:
    """A message with a signature of x.ex, from the signature on."""
    with mail_server(folder, main=f"milters = 127.0.0.1 {judges.signer.port} name=opendkim") as server:
        assert server.send("hello\r\n")[0] == 250
        (text,) = server.mail()
    assert "\nDKIM-Signature: " in text
    return text[text.index("DKIM-Signature: ") :]


def sent(server: MailServer, text: str) -> tuple[int, str]:
    """A message as it stands, from s@x.ex."""
    with smtplib.SMTP("127.0.0.1", server.port, local_hostname="client.ex", timeout=60) as client:
        client.ehlo()
        client.mail("s@x.ex")
        client.rcpt("a@test.ex")
        code, reply = client.data(text)
    return code, reply.decode()


def test_opendmarc_judges_by_what_opendkim_found(tmp_path: Path, judges: Judges) -> None:
    message = signed(judges, tmp_path / "first")
    main = f"milters = {judges.dkim} name=opendkim : {judges.dmarc} name=opendmarc"
    with mail_server(tmp_path / "mx", main=main) as server:
        assert sent(server, message)[0] == 250
        (text,) = server.mail()
        head = text.partition("\n\n")[0]
        assert re.search(r"^Authentication-Results: mx\.test\.ex;\s+dkim=pass .*header\.d=x\.ex", head, re.MULTILINE)
        assert re.search(
            r"^Authentication-Results: mx\.test\.ex; dmarc=pass \(p=reject dis=none\) header\.from=x\.ex$", head,
            re.MULTILINE,
        ), head  # fmt: skip
        assert head.index("dmarc=pass") < head.index("dkim=pass"), "the later one stands above"
        assert sent(server, message + "added on the way\n") == (550, "5.7.1 rejected by DMARC policy for x.ex")
        server.logged(r"rejected after DATA.*milter opendmarc: 550 5\.7\.1 rejected by DMARC policy for x\.ex")


def test_opendmarc_actions(tmp_path: Path, judges: Judges) -> None:
    with mail_server(tmp_path, main=f"milters = {judges.dmarc} name=opendmarc") as server:
        assert server.send(sender="a@none.ex")[0] == 250
        (text,) = server.mail()
        assert "dmarc=fail (p=none dis=none) header.from=none.ex" in text
        assert server.send(sender="a@soft.ex")[0] == 250
        server.logged(r"quarantined by milter opendmarc: ")
        assert server.send(sender="a@x.ex") == (550, "5.7.1 rejected by DMARC policy for x.ex")
        assert server.send(sender="a@no-policy.ex", recipients=("c@test.ex",))[0] == 250
        (text,) = server.mail("c")
        assert "dmarc=none header.from=no-policy.ex" in re.sub(r" \(p=\S+ dis=\S+\)", "", text)
        frozen = server.run("-bp").stdout
        assert frozen.count("*** frozen ***") == 1, frozen


WORD = "eximia-signature-for-the-milter"


def clamav_milter(folder: Path, scanner: Running, lines: str) -> Running:
    folder.mkdir()
    port = free_port()
    (folder / "milter.conf").write_text(
        f"MilterSocket inet:{port}@127.0.0.1\nClamdSocket tcp:127.0.0.1:{scanner.port}\nForeground true\n"
        f"TemporaryDirectory {folder}\nLogFacility LOG_MAIL\nPidFile {folder}/pid\n{lines}"
    )
    command = [program("clamav-milter"), "--config-file", str(folder / "milter.conf")]
    return Running(command, folder, port=port)


def test_clamav_milter(tmp_path: Path) -> None:
    scanner = clamd(tmp_path / "clamd", WORD)
    made = [scanner]
    try:
        refusing = clamav_milter(tmp_path / "r", scanner, "OnInfected Reject\nRejectMsg found %v\nAddHeader Add\n")
        holding = clamav_milter(tmp_path / "q", scanner, "OnInfected Quarantine\nOnFail Accept\n")
        dropping = clamav_milter(tmp_path / "b", scanner, "OnInfected Blackhole\n")
        made += [refusing, holding, dropping]
        with mail_server(tmp_path / "mx1", main=f"milters = 127.0.0.1 {refusing.port} name=clamav") as server:
            assert server.send("fine\r\n")[0] == 250
            (text,) = server.mail()
            assert re.search(r"^X-Virus-Scanned: clamav-milter \S+ at \S+$", text, re.MULTILINE)
            assert re.search(r"^X-Virus-Status: Clean$", text, re.MULTILINE)
            assert server.send(f"{WORD}\r\n") == (550, "5.7.1 found Eximia.Test.UNOFFICIAL")
            big = "0123456789" * 7 + "\r\n"
            assert server.send(big * 20000 + WORD + "\r\n")[0] == 550, "its end was seen too"
        with mail_server(tmp_path / "mx2", main=f"milters = 127.0.0.1 {holding.port} name=clamav") as server:
            assert server.send(f"{WORD}\r\n")[0] == 250
            server.logged(r"quarantined by milter clamav: ")
            assert "*** frozen ***" in server.run("-bp").stdout
        with mail_server(tmp_path / "mx3", main=f"milters = 127.0.0.1 {dropping.port} name=clamav") as server:
            assert server.send(f"{WORD}\r\n")[0] == 250
            assert server.send("fine\r\n")[0] == 250
            assert len(server.mail()) == 1
            scanner.stop()
            assert server.send("fine\r\n")[0] == 451, "it cannot ask its scanner"
    finally:
        for each in reversed(made):
            each.stop()
