"""Lookups in real servers: PostgreSQL, MariaDB, OpenLDAP, Redis alone and as a cluster."""

from __future__ import annotations

import signal
import smtplib
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eximia.aio.direct import DirectPorts
from eximia.base.errors import LookupDefer
from eximia.base.template import Template
from eximia.expand import expand_text
from support_hostile import HOSTILE
from support_policy import clean, make_context
from support_servers import free_port, stop
from support_services import (
    Running,
    certificates,
    mail_server,
    mariadb,
    postgres,
    program,
    redis,
    redis_cluster,
    until,
)


@pytest.fixture
def ctx() -> Any:
    context = make_context()
    context.process.ports = DirectPorts()
    return context


def setting(ctx: Any, name: str, value: str) -> None:
    object.__setattr__(ctx.process.main, name, Template(value))


def find(ctx: Any, search: str, query: str) -> str | None:
    ctx.message.notes.clear()
    found: str | None = ctx.process.services.lookups.find(ctx, search, None, clean(query))
    return found


def expanded(ctx: Any, text: str, subject: str) -> str:
    ctx.message.notes.clear()
    ctx.address.domain = subject
    return expand_text(clean(text), ctx)


class Sql:
    """What the two SQL types are told apart by."""

    def __init__(self, kind: str, server: Running, spec: str, sleep: str, kill: str, ident: str) -> None:
        self.kind, self.server, self.spec, self.sleep, self.kill, self.ident = kind, server, spec, sleep, kill, ident
        #: what a connection does, nothing when it is gone
        self.state = {
            "pgsql": "select state from pg_stat_activity where pid = {}",
            "mysql": "select command from information_schema.processlist where id = {}",
        }[kind]

    def use(self, ctx: Any, *before: str) -> None:
        setting(ctx, f"{self.kind}_servers", " : ".join([*before, self.spec]))

    def ask(self, ctx: Any, query: str) -> str | None:
        return find(ctx, self.kind, query)


@pytest.fixture(scope="module", params=["pgsql", "mysql"])
def sql(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sql]:
    folder = tmp_path_factory.mktemp(request.param) / "d"
    if request.param == "pgsql":
        server = postgres(folder)
        made = Sql(
            "pgsql", server, f"127.0.0.1::{server.port}/postgres/postgres/x", "select pg_sleep({})",
            "select pg_terminate_backend({})", "select pg_backend_pid()",
        )  # fmt: skip
    else:
        server = mariadb(folder)
        made = Sql(
            "mysql", server, f"127.0.0.1::{server.port}/mail/exim/passw", "select sleep({})", "kill {}",
            "select connection_id()",
        )  # fmt: skip
    yield made
    server.stop()


def test_values(ctx: Any, sql: Sql) -> None:
    sql.use(ctx)
    ask = lambda query: sql.ask(ctx, query)  # noqa: E731
    assert ask("create table v(k varchar(20), a varchar(1200), n integer)") == (None if sql.kind == "pgsql" else "0")
    assert ask("insert into v values ('one','x y',1),('two','',null),('two','q\"r',3)") == "3"
    assert ask("select a from v where k='one'") == "x y"
    assert ask("select a from v where k='two' order by n desc") in ('\nq"r', 'q"r\n')
    assert ask("select k, a, n from v where k='one'") == 'k=one a="x y" n=1 '
    assert ask("select a, n from v where n is null") == 'a="" n="" '
    assert ask("select n from v where n is null") == ("" if sql.kind == "pgsql" else None)
    assert ask("select a from v where k='none'") is None
    assert ask("update v set n=4 where k='two'") == "2"
    assert ask("delete from v") == "3"
    with pytest.raises(LookupDefer, match=f"{sql.kind.upper()}: query failed"):
        ask("selec nonsense")
    assert ask("select 7") == "7", "the connection is still good"


@pytest.mark.parametrize("written", ["${quote_%s:$domain}", "$domain"])
def test_hostile_strings(ctx: Any, sql: Sql, written: str) -> None:
    sql.use(ctx)
    kind = "text" if sql.kind == "pgsql" else "varchar(1200) character set latin1 collate latin1_bin"
    sql.ask(ctx, "drop table if exists h")
    sql.ask(ctx, f"create table h(n serial, v {kind})")
    assert len(HOSTILE) >= 200
    literal = "E'%s'" if sql.kind == "pgsql" else "'%s'"
    value = literal.replace("%s", written.replace("%s", sql.kind))
    if sql.kind == "pgsql":
        sql.ask(ctx, "create or replace function back(text) returns text as 'select $1' language sql")
        sql.ask(ctx, "set client_encoding to latin1")
    bad = []
    for subject in HOSTILE:
        if any(char >= "\x80" for char in subject):
            continue  # the connection is UTF-8, and what is none is refused
        found = expanded(ctx, f"${{lookup {sql.kind}{{select {value}}}}}", subject)
        if found != subject:
            bad.append((subject, found))
        expanded(ctx, f"${{lookup {sql.kind}{{insert into h(v) values({value})}}}}", subject)
    assert not bad
    assert sql.ask(ctx, "select count(*) from h") == str(
        len([each for each in HOSTILE if all(char < "\x80" for char in each)])
    )


def test_next_server_and_all_down(ctx: Any, sql: Sql) -> None:
    sql.use(ctx, "127.0.0.1::1/a/b/c")
    assert sql.ask(ctx, "select 1") == "1"
    assert find(ctx, f"{sql.kind},servers={sql.spec}", "select 2") == "2"
    assert find(ctx, sql.kind, f"servers=127.0.0.1::{sql.server.port}; select 3") == "3"
    with pytest.raises(LookupDefer, match="connection failed"):
        find(ctx, f"{sql.kind},servers=127.0.0.1::1/a/b/c", "select 1")
    wrong = sql.spec.rpartition("/")[0] + "/wrong"
    if sql.kind == "mysql":
        with pytest.raises(LookupDefer, match="Access denied"):
            find(ctx, f"{sql.kind},servers={wrong}", "select 1")


def test_unix_socket(ctx: Any, sql: Sql) -> None:
    folder = sql.server.folder
    if sql.kind == "pgsql":
        spec = f"({folder}/.s.PGSQL.{sql.server.port})/postgres/postgres/x"
    else:
        spec = f"localhost({folder}/socket)/mail/exim/passw"
    assert find(ctx, f"{sql.kind},servers={spec}", "select 5") == "5"


def test_killed_while_idle_and_in_mid_query(ctx: Any, sql: Sql) -> None:
    sql.use(ctx)
    first = sql.ask(ctx, sql.ident)
    other = make_context()
    other.process.ports = DirectPorts()
    sql.use(other)
    sql.ask(other, sql.kill.format(first))
    until(lambda: sql.ask(other, sql.state.format(first)) is None)
    second = sql.ask(ctx, sql.ident)
    assert second != first, "a new connection, and nobody notices"

    def kill() -> None:
        until(lambda: (sql.ask(other, sql.state.format(second)) or "").lower() in ("active", "query"))
        sql.ask(other, sql.kill.format(second))

    thread = threading.Thread(target=kill)
    thread.start()
    began = time.monotonic()
    with pytest.raises(LookupDefer, match="query failed"):
        sql.ask(ctx, sql.sleep.format(40))
    assert time.monotonic() - began < 20
    thread.join()
    assert sql.ask(ctx, "select 1") == "1"


def test_restarted(ctx: Any, sql: Sql) -> None:
    sql.use(ctx)
    assert sql.ask(ctx, "select 1") == "1"
    sql.server.stop(signal.SIGKILL)
    with pytest.raises(LookupDefer):
        sql.ask(ctx, "select 1")
    sql.server.start()
    for _ in range(600):
        try:
            assert sql.ask(ctx, "select 1") == "1"
            break
        except LookupDefer:
            time.sleep(0.1)
    else:
        pytest.fail("it does not come back")


def test_slow_queries_hold_nobody_up(tmp_path: Path, sql: Sql) -> None:
    rcpt = (
        f"  deny local_parts = slow\n       condition = ${{lookup {sql.kind}{{{sql.sleep.format(6)}}}{{no}}{{no}}}}\n"
    )
    rcpt += f"  deny condition = ${{lookup {sql.kind}{{select 1}}{{no}}{{yes}}}}\n"
    with mail_server(tmp_path, main=f"hide {sql.kind}_servers = {sql.spec}", rcpt=rcpt) as server:
        took: dict[str, float] = {}

        def ask(name: str) -> None:
            with smtplib.SMTP("127.0.0.1", server.port, timeout=60) as client:
                client.ehlo()
                client.mail("s@x.ex")
                begun = time.monotonic()
                assert client.rcpt(f"{name}@test.ex")[0] == 250
                took[name] = time.monotonic() - begun

        slow = [threading.Thread(target=ask, args=("slow",)) for _ in range(3)]
        for thread in slow:
            thread.start()
        time.sleep(0.5)
        for _ in range(5):
            ask("quick")
            assert took["quick"] < 4
        for thread in slow:
            thread.join()
        assert took["slow"] > 5


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = redis(tmp_path_factory.mktemp("redis") / "d", password="pass")
    yield made
    made.stop()


def test_redis_address_forms_and_values(ctx: Any, store: Running) -> None:
    path = store.folder / "socket"
    for spec in (
        f"127.0.0.1::{store.port}/0/pass",
        f"127.0.0.1::{store.port}//pass",
        f"({path})/0/pass",
        f"({path})//pass",
    ):
        assert find(ctx, f"redis,servers={spec}", "set k v") == "OK"
    setting(ctx, "redis_servers", f"127.0.0.1::1/0/x : 127.0.0.1::{store.port}/2/pass")
    assert find(ctx, "redis", "get k") is None, "another database"
    assert find(ctx, "redis", "incrby n 41") == "41"
    assert find(ctx, "redis", "rpush l a b\\ c") == "2"
    assert find(ctx, "redis", "lrange l 0 -1") == "a\nb c"
    assert find(ctx, "redis", "lrange none 0 -1") is None
    assert find(ctx, "redis", "sadd s one") == "1"
    assert find(ctx, "redis", "smembers s") == "one"
    assert find(ctx, "redis", "mget n none n") == "41\n\n41"
    assert find(ctx, "redis", 'set empty ""') == "OK"
    with pytest.raises(LookupDefer, match="wrong kind of value"):
        find(ctx, "redis", "get l")
    with pytest.raises(LookupDefer, match="empty"):
        find(ctx, "redis", " ")


@pytest.mark.parametrize("written", ["${quote_redis:$domain}", "$domain"])
def test_redis_hostile_strings(ctx: Any, store: Running, written: str) -> None:
    setting(ctx, "redis_servers", f"127.0.0.1::{store.port}/3/pass")
    subjects = [each for each in HOSTILE if each]
    for number, subject in enumerate(subjects):
        assert expanded(ctx, f"${{lookup redis{{set k{number} {written}}}}}", subject) == "OK"
        assert find(ctx, "redis", f"get k{number}") == subject
    assert find(ctx, "redis", "dbsize") == str(len(subjects))


def test_redis_down_slow_restarted(ctx: Any, store: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    from eximia.lookups import redis as module

    setting(ctx, "redis_servers", f"127.0.0.1::{store.port}//pass")
    assert find(ctx, "redis", "ping") == "PONG"
    assert store.process is not None
    monkeypatch.setattr(module, "TIMEOUT", 0.5)
    stop(store.process.pid)
    began = time.monotonic()
    with pytest.raises(LookupDefer, match="REDIS: "):
        find(ctx, "redis", "ping")
    assert time.monotonic() - began < 4.5
    store.process.send_signal(signal.SIGCONT)
    store.stop(signal.SIGKILL)
    with pytest.raises(LookupDefer, match="REDIS connection failed"):
        find(ctx, "redis", "ping")
    store.start()
    assert find(ctx, "redis", "ping") == "PONG"


def test_redis_cluster(ctx: Any, tmp_path: Path) -> None:
    nodes = redis_cluster(tmp_path / "c")
    try:
        setting(ctx, "redis_servers", f"127.0.0.1::{nodes[0].port}//")
        for number in range(50):
            assert find(ctx, "redis", f"set key{number} v{number}") == "OK"
        assert [find(ctx, "redis", f"get key{number}") for number in range(50)] == [
            f"v{number}" for number in range(50)
        ]
        held = [
            int(
                subprocess.run(
                    [program("redis-cli"), "-p", str(node.port), "dbsize"], capture_output=True, text=True, check=True
                ).stdout
            )
            for node in nodes
        ]
        assert sum(held) == 50
        assert min(held) > 5, "all three were asked"
        migrate(nodes, "moving")
        assert find(ctx, "redis", "set moving yes") == "OK", "ASK is followed"
        assert find(ctx, "redis", "get moving") == "yes"
    finally:
        for node in nodes:
            node.stop()


def migrate(nodes: list[Running], key: str) -> None:
    """Begin to move the slot of a key that is not there yet."""

    def cli(node: Running, *words: str) -> str:
        done = subprocess.run(
            [program("redis-cli"), "-p", str(node.port), *words], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    slot = cli(nodes[0], "cluster", "keyslot", key)
    names = [cli(node, "cluster", "myid") for node in nodes]
    owner = next(at for at, node in enumerate(nodes) if not cli(node, "get", key).startswith("MOVED"))
    other = (owner + 1) % 3
    cli(nodes[other], "cluster", "setslot", slot, "importing", names[owner])
    cli(nodes[owner], "cluster", "setslot", slot, "migrating", names[other])


def test_redis_inside_tls(ctx: Any, tmp_path: Path) -> None:
    pki = tmp_path / "pki"
    certificates(pki)
    port = free_port()
    command = [program("redis-server"), "--port", "0", "--tls-port", str(port), "--save", "", "--dir", str(tmp_path)]
    command += ["--tls-cert-file", f"{pki}/cert.pem", "--tls-key-file", f"{pki}/key.pem", "--tls-auth-clients", "no"]
    command += ["--tls-ca-cert-file", f"{pki}/ca.pem"]
    server = Running(command, tmp_path, port=port)
    try:
        setting(ctx, "redis_servers", f"tls+localhost::{port}//")
        assert find(ctx, "redis", "ping") == "PONG"
        object.__setattr__(ctx.process.main, "redis_ca_cert_file", f"{pki}/ca.pem")
        ctx.process.caches.clear()
        assert find(ctx, "redis", "ping") == "PONG"
        with pytest.raises(LookupDefer, match="TLS"):
            find(ctx, f"redis,servers=tls+127.0.0.1::{port}//", "ping")
        with pytest.raises(LookupDefer, match="REDIS"):
            find(ctx, f"redis,servers=localhost::{port}//", "ping")
    finally:
        server.stop()
