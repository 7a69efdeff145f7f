"""Hints of two servers in one Redis: limits hold for both together; losing Redis loses no mail."""

from __future__ import annotations

import signal
import smtplib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support_servers import free_port
from support_services import MailServer, Running, certificates, mail_server, program, redis, until

RCPT = """
  defer  local_parts = c
         ratelimit = 1000 / 1h / per_rcpt / $local_part
         message   = over
  deny   local_parts = d
         user_limit = 30 / 1h / key=shared
         message   = enough
  defer  local_parts = grey
         greylist  = 4s / key=$sender_address
         message   = later
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Running]:
    made = redis(tmp_path / "redis")
    yield made
    made.stop()


@pytest.fixture
def pair(tmp_path: Path, store: Running) -> Iterator[list[MailServer]]:
    main = f"hints_database = redis://127.0.0.1:{store.port}/1\n"
    with (
        mail_server(tmp_path / "one", main=main, rcpt=RCPT) as one,
        mail_server(tmp_path / "two", main=main, rcpt=RCPT) as two,
    ):
        yield [one, two]


def ask(server: MailServer, recipient: str, number: int, codes: list[int]) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=60) as client:
        client.ehlo()
        client.mail("s@x.ex")
        codes += [client.rcpt(f"{recipient}@test.ex")[0] for _ in range(number)]


def test_limits_hold_for_both(pair: list[MailServer], store: Running) -> None:
    codes: list[int] = []
    threads = [threading.Thread(target=ask, args=(pair[i % 2], "d", 10, codes)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (codes.count(250), codes.count(550)) == (30, 50), "exactly, however they race"
    codes.clear()
    threads = [threading.Thread(target=ask, args=(pair[i % 2], "c", 25, codes)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shown = pair[1].run(
        "-C", str(pair[1].configuration), str(pair[1].folder / "spool"), "ratelimit", program="exim_dumpdb"
    )
    rate = next(float(line.split("rate:")[1].split()[0]) for line in shown.stdout.split("\n") if "/c" in line)
    assert 99 < rate <= 100, "all hundred were counted"


def test_greylist_is_shared_and_tools_work(pair: list[MailServer]) -> None:
    one, two = pair
    assert one.send(recipients=("grey@test.ex",)) == (451, "later")
    assert two.send(recipients=("grey@test.ex",)) == (451, "later")
    time.sleep(4.1)
    assert two.send(recipients=("grey@test.ex",))[0] == 250
    assert one.send(recipients=("grey@test.ex",))[0] == 250
    words = ("-C", str(one.configuration), str(one.folder / "spool"), "greylist")
    assert " attempts: 4 passed: " in one.run(*words, program="exim_dumpdb").stdout
    assert not list((one.folder / "spool" / "db").glob("greylist*")), "it is in Redis alone"
    tidied = one.run("-t", "0s", *words, program="exim_tidydb").stdout
    assert "deleted s@x.ex (too old)" in tidied
    assert "attempts" not in one.run(*words, program="exim_dumpdb").stdout


def test_redis_killed_under_load(pair: list[MailServer], store: Running) -> None:
    accepted: list[int] = []
    stop = threading.Event()

    def load(server: MailServer) -> None:
        while not stop.is_set():
            code, _ = server.send(recipients=("a@test.ex", "c@test.ex"))
            accepted.append(code)

    threads = [threading.Thread(target=load, args=(pair[i % 2],)) for i in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: len(accepted) > 40)
    store.stop(signal.SIGKILL)
    so_far = len(accepted)
    until(lambda: len(accepted) > so_far + 60)
    store.start()
    until(lambda: all(" is back" in server.log("panic") for server in pair))
    so_far = len(accepted)
    until(lambda: len(accepted) > so_far + 60)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(accepted) == {250}, "nothing was refused or put off"
    for user in "ac":
        delivered = sum(len(server.mail(user)) for server in pair)
        wanted = len(accepted)
        until(
            lambda user=user, wanted=wanted: sum(len(server.mail(user)) for server in pair) == wanted,
            60,
            f"{delivered}",
        )
    for server in pair:
        panics = server.log("panic")
        assert panics.count(" is away: ") == 1, panics
        assert panics.count(" is back") == 1, panics


def test_lmdb(tmp_path: Path) -> None:
    with mail_server(tmp_path, main="hints_database = lmdb\n", rcpt=RCPT) as server:
        codes: list[int] = []
        ask(server, "d", 40, codes)
        assert codes == [250] * 30 + [550] * 10
        shown = server.run(str(tmp_path / "spool"), "ratelimit", program="exim_dumpdb").stdout
        assert "rate:     30.000" in shown
        assert (tmp_path / "spool" / "db" / "hints.lmdb" / "data.mdb").exists()


def test_inside_tls(tmp_path: Path) -> None:
    pki, port = tmp_path / "pki", free_port()
    certificates(pki)
    command = [program("redis-server"), "--port", "0", "--tls-port", str(port), "--save", "", "--dir", str(tmp_path)]
    command += ["--tls-cert-file", f"{pki}/cert.pem", "--tls-key-file", f"{pki}/key.pem", "--tls-auth-clients", "no"]
    command += ["--tls-ca-cert-file", f"{pki}/ca.pem", "--requirepass", "secret"]
    store = Running(command, tmp_path, port=port)
    try:
        main = f"hide hints_database = rediss://:secret@localhost:{port}/3\n"
        with mail_server(tmp_path / "mx", main=main, rcpt=RCPT) as server:
            codes: list[int] = []
            ask(server, "d", 40, codes)
            assert codes == [250] * 30 + [550] * 10
            assert not server.log("panic")
            assert not list((server.folder / "spool" / "db").glob("ratelimit*")), "it is in Redis alone"
    finally:
        store.stop()
