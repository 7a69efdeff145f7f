"""Real milters: OpenDKIM signs, Rspamd's proxy judges; and one of our own behind a socket."""

from __future__ import annotations

import re
from pathlib import Path

from eximia.mailauth.dkim.verify import verify
from eximia.mailauth.txt import TxtAnswer
from support_milter import FilterServer, going_on
from support_services import mail_server, opendkim, rspamd

LUA = """
rspamd_config:register_symbol({ name = 'WORD', score = 7.0, callback = function(task)
  local subject = task:get_subject() or ''
  task:set_milter_reply({add_headers = {['X-Own'] = 'seen'}, remove_headers = {['X-Bad'] = 0}})
  if subject:find('word') then return true, 1.0 end
  if subject:find('soft') then task:set_pre_result('soft reject', 'come later') end
end })
"""


def test_opendkim_signs(tmp_path: Path) -> None:
    signer = opendkim(tmp_path / "signer")
    try:
        with mail_server(tmp_path / "mx", main=f"milters = 127.0.0.1 {signer.port} name=opendkim") as server:
            assert server.send("hello  there \r\n\r\n\r\n")[0] == 250
            (text,) = server.mail()
        signature = re.search(r"^DKIM-Signature: (.*?)\n(?=\S)", text, re.MULTILINE | re.DOTALL)
        assert signature is not None, text
        assert "d=x.ex; s=sel;" in signature[1]
        assert text.index("Received:") < text.index("DKIM-Signature:")
        assert check_signature(tmp_path / "signer", text)
    finally:
        signer.stop()


def check_signature(folder: Path, text: str) -> bool:
    record = "".join(re.findall(r'"([^"]*)"', (folder / "key.txt").read_text()))

    def txt(name: str) -> TxtAnswer:
        assert name == "sel._domainkey.x.ex"
        return TxtAnswer((record.encode(),))

    return [one.status for one in verify(text.replace("\n", "\r\n").encode("latin-1"), txt)] == ["pass"]


def test_rspamd_as_a_milter(tmp_path: Path) -> None:
    checker = rspamd(tmp_path / "rspamd", LUA)
    try:
        with mail_server(tmp_path / "mx", main=f"milters = 127.0.0.1 {checker.proxy} name=rspamd") as server:
            gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
            code, text = server.send(gtube)
            assert code == 554, text
            assert server.send(subject="soft") == (451, "4.7.1 come later")
            assert server.send(subject="a word", headers="X-Bad: 1\r\nX-Good: 1\r\n")[0] == 250
            (message,) = server.mail()
            assert "\nX-Own: seen\n" in message
            assert "\nX-Spam: Yes\n" in message
            assert "X-Bad" not in message
            assert "X-Good: 1" in message
    finally:
        checker.stop()


def test_big_bodies_and_local_messages(tmp_path: Path) -> None:
    replaced = b"".join(b"line %d\r\n" % number for number in range(300_000))

    def script(letter: bytes, data: bytes) -> list[tuple[bytes, bytes]]:
        if letter != b"E":
            return [(b"c", b"")]
        pieces = [(b"b", replaced[start : start + 60000]) for start in range(0, len(replaced), 60000)]
        return [*pieces, (b"h", b"X-Seen\0yes\0"), (b"c", b"")]

    changer, watcher = FilterServer(script), FilterServer(going_on)
    main = f"milters = 127.0.0.1 {changer.port} : 127.0.0.1 {watcher.port}\nmilters_not_smtp = 127.0.0.1 {watcher.port}"
    with mail_server(tmp_path, main=main) as server:
        big = "x" * 70 + "\r\n"
        assert server.send(big * 30000)[0] == 250
        (text,) = server.mail()
        assert text.partition("\n\n")[2] == replaced.decode().replace("\r\n", "\n")
        (told,) = (one for one in watcher.conversations if "E" in one.letters)
        assert b"".join(told.data_of(b"B")) == replaced
        assert sum(len(data) for one in changer.conversations for data in one.data_of(b"B")) == 72 * 30000
        done = server.run("-odi", "-f", "l@x.ex", "b@test.ex", data="Subject: local\n\nbody\n")
        assert done.returncode == 0, done.stderr
        server.mail("b")
        local = watcher.conversations[-1]
        assert re.fullmatch("ODCHDMDRTL+DNBDEQ|ODCHDMDRDTL+DNBDEQ", local.letters)
        assert local.data_of(b"C")[0].startswith(b"localhost\x004")
    changer.close()
    watcher.close()
