"""Lookups of many sessions of one worker at the same time: shared and pooled connections on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from eximia.aio.bridge import Bridge
from eximia.aio.loop_ports import LoopPorts
from eximia.base.errors import LookupDefer
from eximia.base.template import Template
from support_policy import clean, make_context
from support_servers import stop
from support_services import Running, certificates, give, mariadb, postgres, program, redis, redis_cluster

SESSIONS = 20


class Worker:
    """A loop on which sessions look things up."""

    def __init__(self, **options: str) -> None:
        self.loop = uvloop.new_event_loop()
        self.bridge = Bridge(self.loop)
        self.ctx = make_context()
        self.ctx.process.ports = LoopPorts(self.bridge)
        for name, value in options.items():
            object.__setattr__(self.ctx.process.main, name, Template(value))

    def find(self, search: str, query: str) -> str | None:
        """In a session: what is found, or the text of the deferral."""
        ctx = make_context()
        ctx.process = self.ctx.process
        try:
            found: str | None = ctx.process.services.lookups.find(ctx, search, None, clean(query))
        except LookupDefer as error:
            return f"DEFER {error.message}"
        return found

    def run(self, *sessions: Callable[[], Any]) -> list[Any]:
        """All at the same time; what they return."""
        tasks: list[Any] = []

        async def all_of_them() -> None:
            tasks.extend(self.bridge.spawn(each) for each in sessions)
            while not all(task.done() for task in tasks):
                await asyncio.sleep(0.005)

        self.loop.run_until_complete(all_of_them())
        return [task.join() for task in tasks]

    def close(self) -> None:
        """Leave no connection and no thread."""
        caches = self.ctx.process.caches
        for place in caches.get("lookup.redis shared", {}).values():
            if place.exchange is not None:
                place.exchange.close()
        for kind in ("redis", "pgsql", "mysql"):
            for pool in caches.get(f"lookup.{kind}", {}).values():
                while pool._idle:
                    pool._close(pool._idle.pop()[0])
        self.loop.run_until_complete(asyncio.sleep(0.05))
        self.bridge.close()
        self.loop.close()

    def later(self, seconds: float, what: Callable[[], object]) -> Callable[[], None]:
        def session() -> None:
            self.bridge.sleep(seconds)
            what()

        return session


@contextlib.contextmanager
def worker(**options: str) -> Iterator[Worker]:
    made = Worker(**options)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = redis(tmp_path_factory.mktemp("redis") / "d", password="pass")
    yield made
    made.stop()


def ask_redis(store: Running, *words: str) -> str:
    command = [program("redis-cli"), "-p", str(store.port), "--no-auth-warning", "-a", "pass", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def clients(store: Running) -> int:
    """Connections to it, without that of who asks."""
    return len(ask_redis(store, "client", "list").splitlines()) - 1


def servers(store: Running) -> dict[str, str]:
    return {"redis_servers": f"127.0.0.1::{store.port}/0/pass"}


def test_all_sessions_share_one_connection_and_get_their_own_answers(store: Running) -> None:
    with worker(**servers(store)) as at:

        def session(number: int) -> Callable[[], int]:
            def talk() -> int:
                for turn in range(100):
                    name = f"k{number}-{turn}"
                    assert at.find("redis", f"set {name} v{name}") == "OK"
                    assert at.find("redis", f"get {name}") == f"v{name}"
                assert at.find("redis", f"lpush k{number}-1 x").startswith("DEFER"), "an error is its own affair"
                return turn

            return talk

        assert at.run(*[session(number) for number in range(SESSIONS)]) == [99] * SESSIONS
        assert clients(store) == 1


def test_a_command_that_waits_holds_nobody_up(store: Running) -> None:
    with worker(**servers(store)) as at:

        def quick() -> float:
            begun = time.monotonic()
            assert at.find("redis", "ping") == "PONG"
            return time.monotonic() - begun

        def slow() -> float:
            begun = time.monotonic()
            assert at.find("redis", "blpop nothing 4") is None
            return time.monotonic() - begun

        took = at.run(slow, quick, quick, at.later(0.5, quick))
        assert took[0] > 3.5
        assert max(took[1:3]) < 3


def test_redis_killed_while_they_wait_then_next_server_then_back(store: Running) -> None:
    with worker(**servers(store)) as at:
        assert at.run(lambda: at.find("redis", "incr n")) == ["1"]
        assert store.process is not None
        stop(store.process.pid)
        found = at.run(
            *[lambda: at.find("redis", "incr n") for _ in range(5)],
            at.later(0.3, lambda: store.stop(signal.SIGKILL)),
        )
        assert all(each.startswith("DEFER lookup of") and "REDIS: " in each for each in found[:5])
        found = at.run(*[lambda: at.find("redis", "get n") for _ in range(5)])
        assert all("REDIS connection failed" in each for each in found)
        store.start()
        assert at.run(*[lambda: at.find("redis", "get n") for _ in range(3)]) == [None] * 3
    with worker(redis_servers=f"127.0.0.1::1//x : 127.0.0.1::{store.port}//pass") as at:
        assert at.run(*[lambda: at.find("redis", "ping") for _ in range(5)]) == ["PONG"] * 5


def test_redis_closed_while_nobody_asked_is_not_noticed(store: Running) -> None:
    with worker(**servers(store)) as at:
        assert at.run(lambda: at.find("redis", "ping")) == ["PONG"]
        ask_redis(store, "client", "kill", "type", "normal", "skipme", "yes")
        at.run(at.later(0.1, lambda: None))
        assert at.run(lambda: at.find("redis", "ping")) == ["PONG"]


def test_redis_that_does_not_answer_defers_all(store: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    from eximia.lookups import redis as module

    monkeypatch.setattr(module, "TIMEOUT", 0.5)
    with worker(**servers(store)) as at:
        assert at.run(lambda: at.find("redis", "ping")) == ["PONG"]
        assert store.process is not None
        stop(store.process.pid)
        begun = time.monotonic()
        found = at.run(*[lambda: at.find("redis", "ping") for _ in range(SESSIONS)])
        store.process.send_signal(signal.SIGCONT)
        assert all("timed out" in each for each in found)
        assert time.monotonic() - begun < 4.5
        assert at.run(lambda: at.find("redis", "ping")) == ["PONG"]


def test_cluster_on_shared_connections(tmp_path: Path) -> None:
    nodes = redis_cluster(tmp_path / "c")
    try:
        with worker(redis_servers=f"127.0.0.1::{nodes[1].port}//") as at:

            def talk(number: int) -> Callable[[], str | None]:
                def session() -> str | None:
                    assert at.find("redis", f"set key{number} v{number}") == "OK"
                    return at.find("redis", f"get key{number}")

                return session

            assert at.run(*[talk(number) for number in range(60)]) == [f"v{number}" for number in range(60)]
    finally:
        for node in nodes:
            node.stop()


@pytest.fixture(scope="module", params=["pgsql", "mysql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Running]]:
    folder = tmp_path_factory.mktemp(request.param) / "d"
    server = postgres(folder) if request.param == "pgsql" else mariadb(folder)
    yield request.param, server
    # At this PostgreSQL does not wait until its clients have gone.
    server.stop(signal.SIGINT if request.param == "pgsql" else signal.SIGTERM)


def described(kind: str, server: Running) -> dict[str, str]:
    login = "postgres/postgres/x" if kind == "pgsql" else "mail/exim/passw"
    return {f"{kind}_servers": f"127.0.0.1::{server.port}/{login}"}


def test_many_queries_at_once(database: tuple[str, Running]) -> None:
    kind, server = database
    with worker(**described(kind, server)) as at:

        def talk(number: int) -> Callable[[], None]:
            def session() -> None:
                for turn in range(20):
                    assert at.find(kind, f"select {number * 1000 + turn}") == str(number * 1000 + turn)
                    assert at.find(kind, "selec nothing").startswith(
                        f'DEFER lookup of "selec nothing" gave DEFER: {kind.upper()}'
                    )

            return session

        at.run(*[talk(number) for number in range(40)])
        big = "x" * 3_000_000
        assert at.run(*[lambda: at.find(kind, f"select length('{big}')") for _ in range(3)]) == ["3000000"] * 3
        long = f"select repeat('{'y' * 1000}', 2000)"
        assert [len(each) for each in at.run(*[lambda: at.find(kind, long) for _ in range(3)])] == [2_000_000] * 3


def test_a_slow_query_and_a_killed_one(database: tuple[str, Running]) -> None:
    kind, server = database
    sleep = "select pg_sleep({})" if kind == "pgsql" else "select sleep({})"
    kill = "select pg_terminate_backend({})" if kind == "pgsql" else "kill {}"
    ident = "select pg_backend_pid()" if kind == "pgsql" else "select connection_id()"
    with worker(**described(kind, server)) as at:

        def quick() -> float:
            begun = time.monotonic()
            assert at.find(kind, "select 1") == "1"
            return time.monotonic() - begun

        took = at.run(lambda: at.find(kind, sleep.format(5)), *[at.later(0.2, quick)] * 3, quick, quick)
        assert max(took[-2:]) < 4
        victim = at.run(lambda: at.find(kind, ident))[0]
        begun = time.monotonic()
        found = at.run(
            lambda: at.find(kind, sleep.format(40)), at.later(0.3, lambda: at.find(kind, kill.format(victim)))
        )
        assert f"{kind.upper()}: query failed" in found[0]
        assert time.monotonic() - begun < 20
        assert at.run(quick)[0] < 10


def test_a_server_that_stops_answering(database: tuple[str, Running], monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import import_module

    kind, server = database
    monkeypatch.setattr(import_module(f"eximia.lookups.{kind}"), "TIMEOUT", 1.0)
    with worker(**described(kind, server)) as at:
        assert at.run(lambda: at.find(kind, "select 1")) == ["1"]
        assert server.process is not None
        signalled = [server.process.pid]
        if kind == "pgsql":
            signalled += [
                int(each) for each in Path(f"/proc/{signalled[0]}/task/{signalled[0]}/children").read_text().split()
            ]
        for each in signalled:
            stop(each)
        begun = time.monotonic()
        found = at.run(*[lambda: at.find(kind, "select 1")])
        for each in signalled:
            _signal(each, signal.SIGCONT)
        assert found[0].startswith("DEFER")
        assert time.monotonic() - begun < 20
        assert at.run(lambda: at.find(kind, "select 1")) == ["1"]


def _signal(pid: int, number: int) -> None:
    import os

    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def test_mysql_inside_tls(tmp_path: Path) -> None:
    """Where the server offers it, as PyMySQL has it."""
    pki = tmp_path / "pki"
    certificates(pki)
    give(pki, "mysql")
    options = [f"--ssl-{name}={pki}/{file}.pem" for name, file in (("ca", "ca"), ("cert", "cert"), ("key", "key"))]
    server = mariadb(tmp_path / "db", *options)
    try:
        with worker(**described("mysql", server)) as at:
            found = at.run(*[lambda: at.find("mysql", "show status like 'Ssl_version'") for _ in range(5)])
            assert found == ["Variable_name=Ssl_version Value=TLSv1.3 "] * 5
            big = "x" * 1_000_000
            assert at.run(lambda: at.find("mysql", f"select '{big}'"), lambda: at.find("mysql", "selec"))[0] == big
    finally:
        server.stop()
