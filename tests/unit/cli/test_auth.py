"""`eximia auth`: every verdict with its reason, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eximia.cli.auth import command

ZONE: dict[str, Any] = {
    "example.com": [{"type": "TXT", "value": ["v=spf1 ip4:192.0.2.0/24 -all exp=why.example.com"]}],
    "why.example.com": [{"type": "TXT", "value": ["%{i} may not send for %{d}"]}],
    "_dmarc.example.com": [{"type": "TXT", "value": ["v=DMARC1; p=reject; sp=quarantine"]}],
    "5.2.0.192.in-addr.arpa": [{"type": "PTR", "value": "mail.example.com"}],
    "mail.example.com": [{"type": "A", "value": "192.0.2.5"}],
}
MESSAGE = (
    b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=gone; h=from; bh=AAAA; b=AAAA\n"
    b"From: A <a@news.example.com>\nSubject: x\n\nhi\n"
)


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    (tmp_path / "m.eml").write_bytes(MESSAGE)
    (tmp_path / "zone.json").write_text(json.dumps(ZONE))
    return [str(tmp_path / "m.eml"), "--dns", str(tmp_path / "zone.json"), "--now", "1000000000"]


def test_json(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    envelope = ["--ip", "192.0.2.5", "--helo", "mail.example.com", "--mail-from", "a@example.com"]
    assert command([*words, *envelope, "--json", "--id", "mx.test.ex"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["iprev"] == {"result": "pass", "name": "mail.example.com"}
    assert [(each["identity"], each["result"]) for each in found["spf"]] == [("mailfrom", "pass"), ("helo", "none")]
    assert found["dkim"][0]["result"] == "fail"
    assert found["dkim"][0]["selector"] == "gone"
    dmarc = found["dmarc"]
    assert (dmarc["result"], dmarc["policy"], dmarc["policy_domain"]) == ("pass", "quarantine", "example.com")
    assert found["arc"]["result"] == "none"
    assert found["authentication_results"].startswith("Authentication-Results: mx.test.ex;\n\tiprev=pass")


def test_text(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command([*words, "--ip", "198.51.100.1", "--helo", "x.example.com", "--mail-from", "a@example.com"]) == 0
    text = capsys.readouterr().out
    for line in (
        "iprev      fail\n",
        "spf        fail  domain of example.com does not designate 198.51.100.1 as permitted sender\n",
        "explanation: 198.51.100.1 may not send for example.com\n",
        "dkim       fail  ",
        "dmarc      fail\n",
        "published policy: quarantine\n",
        "arc        none\n",
    ):
        assert line in text, text
    assert command(words) == 0
    assert "spf" not in capsys.readouterr().out.partition("Authentication-Results")[0].replace("aligned spf", "")


def test_wrong_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command([*words, "--ip", "nonsense"]) == 2
    assert command(["/nowhere/at/all"]) == 2
    assert "eximia auth: " in capsys.readouterr().err
