"""What EHLO offers is remembered, but never across a difference between sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

import support_reception
from eximia.reception.session import Admission
from support_reception import make_process, talk
from unit.reception.test_early_banner import Tls

CONFIG = """\
acl_smtp_rcpt = yes
acl_smtp_connect = connected
message_size_limit = ${if eq{$sender_host_address}{192.0.2.1}{1000}{2000}}
recipients_max = ${if eq{$sender_host_address}{192.0.2.1}{10}{20}}
"""
ACL = """\
begin acl
yes:
  accept
connected:
  accept hosts = 192.0.2.3
         control = no_pipelining
  accept
"""


@pytest.mark.parametrize("settled", [True, False])
def test_each_session_is_offered_its_own(tmp_path: Path, settled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        support_reception, "BASE", support_reception.BASE.replace("_advertise_hosts =", "_advertise_hosts = *")
    )
    own = "" if settled else "chunking_advertise_hosts = !192.0.2.1\n"
    process, _, _ = make_process(str(tmp_path), CONFIG + own + ACL)
    process.caches["reception.tls"] = Tls(False)

    def offered(host: str, *, encrypted: bool = False) -> list[str]:
        admission = Admission(tls_on_connect=encrypted)
        stream = talk(process, [b"EHLO x\r\n", b"QUIT\r\n"], host=host, admission=admission)
        lines = stream.answers[1].decode().splitlines()
        assert [line[:4] for line in lines] == ["250-"] * (len(lines) - 1) + ["250 "]
        assert lines[0] == f"250-mx.test.example Hello x [{host}]"
        return [line[4:] for line in lines[1:]]

    first = offered("192.0.2.1")
    assert first[:2] == ["SIZE 1000", "LIMITS MAILMAX=1000 RCPTMAX=10"]
    assert {"PIPELINING", "STARTTLS", "HELP"} < {*first}
    assert ("CHUNKING" in first) == settled
    second = offered("192.0.2.2")
    assert second[:2] == ["SIZE 2000", "LIMITS MAILMAX=1000 RCPTMAX=20"]
    assert "CHUNKING" in second
    assert "PIPELINING" not in offered("192.0.2.3")
    assert "STARTTLS" not in offered("192.0.2.2", encrypted=True)
    assert offered("192.0.2.2") == second
    assert offered("192.0.2.1") == first
