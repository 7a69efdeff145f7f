"""What the documentation of DCC promises beyond the verdicts, with its examples as they are printed; Brightmail and
rewritten addresses. The verdicts themselves are in `test_dcc.py` and `test_brightmail.py`."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.test_brightmail import RCPT, ROUTERS, TRANSPORTS, seen
from services.test_dcc import HEADER, Dccifd
from support_services import MailServer, c_library, mail_server

#: as printed, but for the file's place
OVERRIDE = """
  warn    set acl_m_dcc_override_client_ip = \\
    ${lookup{$sender_helo_name}nwildlsearch{FOLDER/multipleip_sites}{$value}{}}
          condition = ${if def:acl_m_dcc_override_client_ip}
          log_message = dbg: acl_m_dcc_override_client_ip set to \\
                        $acl_m_dcc_override_client_ip
"""
SITES = "mout-xforward.gmx.net           82.165.159.12\nmout.gmx.net                    212.227.15.16\n"
DATA = (
    OVERRIDE
    + """
  warn condition = ${if eq{$h_X-Mode:}{more}}
       set acl_m_dcc_add_header = X-More: one\\nX-Odd no colon at all
  defer   !dcc = *
  warn logwrite = later sees <$h_X-DCC-test-Metrics:> <$h_X-More:> [$dcc_result]
"""
)


@pytest.fixture
def dccifd() -> Iterator[tuple[Dccifd, str]]:
    listener = socket.create_server(("127.0.0.1", 0))
    yield Dccifd(listener), f"127.0.0.1 {listener.getsockname()[1]}"
    listener.close()


def say(server: MailServer, helo: str, mode: str) -> int:
    with smtplib.SMTP("127.0.0.1", server.port, local_hostname=helo, timeout=60) as client:
        client.ehlo()
        client.mail("s@x.ex")
        client.rcpt("a@test.ex")
        return client.data(f"Subject: test\r\nX-Mode: {mode}\r\n\r\nhello\r\n")[0]


def test_dcc(tmp_path: Path, dccifd: tuple[Dccifd, str]) -> None:
    """`defer !dcc = *` greylists; with dcc_direct_add_header the header is in the message for what follows (other
    scanners, the spool), and $acl_m_dcc_add_header's text with it, as it is; $acl_m_dcc_override_client_ip stands for
    the client's address, else it is $sender_host_address."""
    daemon, place = dccifd
    (tmp_path / "multipleip_sites").write_text(SITES)
    main = f"dccifd_address = {place}\ndcc_direct_add_header = true"
    with mail_server(tmp_path, main=main, data=DATA.replace("FOLDER", str(tmp_path))) as server:
        assert say(server, "client.ex", "plain") == 250
        assert daemon.requests[-1][1] == "127.0.0.1"
        server.logged(r"later sees <mx\.test\.ex 1234; Body=1 Fuz1=1.*Fuz2=many> <> \[A\]")
        assert f"\n{HEADER}\n" in server.mail()[0]
        assert say(server, "client.ex", "more") == 250
        server.logged(r"later sees <mx\.test\.ex 1234; .*> <one> \[A\]")
        added = server.mail(number=2)[1]
        assert f"\n{HEADER}\n" in added
        assert "\nX-More: one\nX-Odd no colon at all\n" in added
        assert say(server, "mout.gmx.net", "plain") == 250
        assert daemon.requests[-1][1] == "212.227.15.16"
        server.logged("dbg: acl_m_dcc_override_client_ip set to 212.227.15.16")
        assert say(server, "mout-xforward.gmx.net", "plain") == 250
        assert daemon.requests[-1][1] == "82.165.159.12"
        daemon.script = "G"
        assert say(server, "client.ex", "plain") == 451
        daemon.script = "A"
        assert say(server, "client.ex", "plain") == 250


def test_header_is_not_added_by_itself(tmp_path: Path, dccifd: tuple[Dccifd, str]) -> None:
    """Without dcc_direct_add_header the header is in the delivered message, but not yet for what follows in the ACL."""
    daemon, place = dccifd
    data = "  warn dcc = *\n  warn logwrite = later sees <$h_X-DCC-test-Metrics:> <$dcc_header>"
    with mail_server(tmp_path, main=f"dccifd_address = {place}\ndccifd_options = header grey-off", data=data) as server:
        assert say(server, "client.ex", "plain") == 250
        server.logged(r"later sees <> <X-DCC-test-Metrics: mx\.test\.ex 1234; Body=1 Fuz1=1")
        assert daemon.requests[-1][0] == "header grey-off"
        assert f"\n{HEADER}\n" in server.mail()[0]


def test_brightmail_and_rewriting(tmp_path: Path) -> None:
    """A rewritten address, and an alias of one, has the verdict of its envelope recipient; $bmi_base64_verdict is set
    while it is routed."""
    library = c_library(Path(__file__).resolve().parent / "bmiclient.c", tmp_path)
    main = (
        f"bmi_engine = library {library}\nbmi_config_file = {tmp_path}/bmi.cfg\nbegin rewrite\n*@old.ex $1@test.ex T\n"
    )
    transports = TRANSPORTS.format(folder=tmp_path).replace(
        "X-BMI: $local_part", "X-BMI: $bmi_base64_verdict $local_part"
    )
    with mail_server(tmp_path, main=main, rcpt=RCPT, routers=ROUTERS, transports=transports) as server:
        (tmp_path / "bmi.cfg").write_text(f"{tmp_path}/log/bmi\n")
        verdicts = "@VERDICT b@test.ex,alias@test.ex spamfolder 5\r\n"
        assert server.send(verdicts, recipients=("b@old.ex", "alias@old.ex", "x@old.ex"))[0] == 250
        shown = seen(server, 3)
        assert [line.partition(" ")[2] for line in shown if not line.startswith(" ")] == [
            "b by ruled [1] [spamfolder] [tracker5]",
            "c by ruled [1] [spamfolder] [tracker5]",
        ]
        assert " x by default [1] [] []" in shown
