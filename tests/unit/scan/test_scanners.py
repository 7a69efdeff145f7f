"""The scanners' daemons as scripts: what they are asked, and what their answers mean (manual 45.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eximia.acl import phases
from eximia.acl.result import Outcome
from eximia.base.template import Template
from support_scan import Daemon, make

CLEAN, DEFER = "", None
CONFIGURED = b"OK\tServer configured.\n"
AVAST = b"220 DAEMON\r\n"


def number(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


def ask(folder: Path, setting: str, *answer: bytes, **how: Any) -> tuple[str | None, bytes, list[str]]:
    """(malware, empty for none, None for a deferral; what was asked; the log)."""
    daemon = Daemon(*answer, **how)
    world = make(folder, daemon, av_scanner=Template(setting))
    world.define("a:\n deny malware = *\n accept\n")
    outcome = world.run(phases.DATA).outcome
    found = None if outcome is Outcome.DEFER else world.message.malware_name
    assert (outcome is Outcome.DENY) is bool(found)
    path = f"{folder}/scan/1abcde-0001"
    asked = b"".join(daemon.asked).replace(f"{path}/1abcde-0001.eml".encode(), b"FILE").replace(path.encode(), b"DIR")
    return found, asked, [text for name, text in world.log.written if name == "main"]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"210 SCAN DATA\r\nSCAN /x\t[+]0.0\r\n200 SCAN OK\r\n", CLEAN),
        (b"210 SCAN DATA\r\nSCAN /x\t[L]0.0\t0 Eicar\\ Test!!!\r\n200 SCAN OK\r\n", "Eicar Test!!!"),
        (b"210 SCAN DATA\r\nSCAN /a\\ b\t[+]0.0\r\nSCAN /x\t[E]0.0\tError 42110 bomb\r\n200 SCAN OK\r\n", "bomb"),
        (b"451 SCAN Engine error 13 permission denied\r\n", DEFER),
        (b"210 SCAN DATA\r\nSCAN /x\t[+]0.0\r\n", DEFER),
    ],
)
def test_avast(tmp_path: Path, answer: bytes, found: str | None) -> None:
    malware, asked, log = ask(tmp_path, "avast:/run/avast", AVAST + answer[:20], answer[20:])
    assert malware == found
    assert asked == b"SCAN DIR\n" + (b"QUIT\n" if found is not DEFER else b"")
    assert len(log) == (found is DEFER)


def test_avast_options(tmp_path: Path) -> None:
    answer = AVAST + b"210 FLAGS DATA\r\n200 FLAGS OK\r\n200 OK\r\nSCAN /x\t[E]0.0\tError 42110 bomb\r\n200 SCAN OK\r\n"
    setting = "avast:192.0.2.1 5036:pass_unscanned:FLAGS -fullfiles:SENSITIVITY -pup"
    malware, asked, log = ask(tmp_path, setting, answer)
    assert malware == CLEAN
    assert asked == b"FLAGS -fullfiles\nSENSITIVITY -pup\nSCAN DIR\nQUIT\n"
    assert log == ["internal scanner error (ignored): SCAN /x\t[E]0.0\tError 42110 bomb"]
    assert ask(tmp_path, "avast", b"421 busy\r\n")[0] is DEFER


@pytest.mark.parametrize(
    ("answer", "found", "log"),
    [
        (b"OK\tScan ok.\n", CLEAN, []),
        (b"INFECTED\t/x/y.eml\tEICAR_Test\tLibra\nOK\tScan ok.\n", "EICAR_Test", []),
        (b"", DEFER, ["malware acl condition: fsecure /run/fs : unable to read result (connection closed)"]),
    ],
)
def test_fsecure(tmp_path: Path, answer: bytes, found: str | None, log: list[str]) -> None:
    malware, asked, written = ask(tmp_path, "fsecure:/run/fs", CONFIGURED * 4 + answer)
    assert (malware, written) == (found, log)
    settings = b"CONFIGURE\tARCHIVE\t1\nCONFIGURE\tTIMEOUT\t0\nCONFIGURE\tMAXARCH\t5\nCONFIGURE\tMIME\t1\n"
    assert asked == settings + b"SCAN\tFILE\n"
    assert ask(tmp_path, "fsecure", CONFIGURED)[2] == [
        "malware acl condition: fsecure /var/run/.fsav : unable to read answer 1 (connection closed)"
    ]


INFECTED = b"/x infected with EICAR Test File"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (number(0, 0), CLEAN),
        (number(0x20, 1, len(INFECTED)) + INFECTED, "EICAR Test File"),
        (number(0x20, 2, len(INFECTED)) + INFECTED + number(19) + b"/y infected with Fo", "EICAR Test File/Fo"),
        (number(0, 1, 5) + b"other", CLEAN),
        (number(0x21, 0), DEFER),
        (number(0, 1, 50) + b"cut", DEFER),
        (number(0, 1, 1 << 30), DEFER),
        (b"\0\0", DEFER),
    ],
)
def test_drweb(tmp_path: Path, answer: bytes, found: str | None) -> None:
    malware, asked, log = ask(tmp_path, "drweb:/run/drweb", answer)
    assert malware == found
    assert asked[:8] == number(1, 0x80001)
    assert asked[12:] == b"FILE" + number(0)
    assert len(log) == (found is DEFER)


def test_drweb_over_tcp_and_errors(tmp_path: Path) -> None:
    _, asked, _ = ask(tmp_path, "drweb:192.0.2.1 31337", number(0, 0))
    assert asked[:12] == number(1, 0x80001, 0)
    assert int.from_bytes(asked[12:16], "big") == len(asked) - 16
    assert asked.endswith(b"Subject: x\n\nbody\n")
    assert ask(tmp_path, "drweb:/run/d", number(1, 0))[2] == [
        "malware acl condition: drweb /run/d : drweb daemon retcode 0x1 (read error)"
    ]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n<summary code='0'>clean</summary>", CLEAN),
        (b"<summary code='11'>infected</summary>\n<name>EICAR</name>", "EICAR"),
        (b"<summary>infected</summary>", "unknown"),
        (b"", DEFER),
    ],
)
def test_fprotd(tmp_path: Path, answer: bytes, found: str | None) -> None:
    assert ask(tmp_path, "f-protd:192.0.2.1 10200-10204", answer)[:2] == (found, b"GET FILE HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"0 <clean> /x\n", CLEAN),
        (b"1 <infected: EICAR (exact)> /x->y\n", "EICAR (exact)"),
        (b"3 <contains infected objects: EICAR_X> /x\n", "EICAR_X"),
        (b"2 <foo: A>\n", DEFER),
        (b"nonsense\n", CLEAN),
        (b"", DEFER),
    ],
)
def test_fprot6d(tmp_path: Path, answer: bytes, found: str | None) -> None:
    malware, asked, _ = ask(tmp_path, "f-prot6d:192.0.2.1 10200", answer)
    assert malware == found
    assert asked == b"SCAN FILE FILE\n" + (b"QUIT\n" if answer else b"")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"\0\0", CLEAN),
        (b"\4\1\x10\0\0\0/x infected: EICAR-Test\n", "EICAR-Test"),
        (b"\3\1\x10\0\0\0/x suspicion: Type_Com\n", "Type_Com"),
        (b"\4\0", "unknown"),
        (b"\1\0", DEFER),
        (b"\x09\0", DEFER),
        (b"\0", DEFER),
    ],
)
def test_kavdaemon(tmp_path: Path, answer: bytes, found: str | None) -> None:
    malware, asked, _ = ask(tmp_path, "kavdaemon:/opt/AVP/AvpCtl", answer)
    assert malware == found
    assert asked.startswith(b"<0>")
    assert asked.endswith(b":FILE\n")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"201 ready\r\n220 clean\r\n", CLEAN),
        (b"201 ready\r\n322-infected EICAR-Test\r\n230 done\r\n", "EICAR-Test"),
        (b"201 ready\r\n525 no licence\r\n", DEFER),
        (b"421 busy\r\n", DEFER),
        (b"201 ready\r\n", DEFER),
    ],
)
def test_aveserver(tmp_path: Path, answer: bytes, found: str | None) -> None:
    malware, asked, _ = ask(tmp_path, "aveserver", answer)
    assert malware == found
    if found is not DEFER:
        assert asked == b"SCAN bPQRSTUW FILE\r\nQUIT\r\n"


@pytest.mark.parametrize(
    ("setting", "answer", "found"),
    [
        ("mksd", b"OK /x\n", CLEAN),
        ("mksd:2", b"VIR EICAR /x\n", "EICAR"),
        ("mksd", b"CAN /x\n", DEFER),
        ("mksd", b"", DEFER),
        ("mksd:x", b"OK\n", DEFER),
        ("mksd:257", b"OK\n", DEFER),
    ],
)
def test_mksd(tmp_path: Path, setting: str, answer: bytes, found: str | None) -> None:
    assert ask(tmp_path, setting, answer)[0] == found


@pytest.mark.parametrize(
    "name", ["avast", "aveserver", "drweb", "f-protd:h 1", "f-prot6d:h 1", "fsecure", "kavdaemon", "mksd"]
)
def test_daemon_that_is_away(tmp_path: Path, name: str) -> None:
    name = name.replace("h 1", "192.0.2.1 1")
    found, _, log = ask(tmp_path, name, closed=True)
    assert found is DEFER
    assert log[0].startswith(f"malware acl condition: {name.partition(':')[0]} ")
    assert "Connection refused" in log[0]
