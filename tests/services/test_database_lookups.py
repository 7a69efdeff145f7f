"""Lookups in a real Redis and a real PostgreSQL, started for the test."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from eximia.aio.direct import DirectPorts
from eximia.base.errors import LookupDefer, TaintError
from eximia.base.template import Template
from eximia.expand import expand_text
from support_policy import clean, make_context
from support_servers import free_port


@pytest.fixture
def ctx():
    context = make_context()
    context.process.ports = DirectPorts()
    return context


def setting(ctx, name, value):
    object.__setattr__(ctx.process.main, name, Template(value))


def find(ctx, search, query):
    ctx.message.notes.clear()
    return ctx.process.services.lookups.find(ctx, search, None, clean(query))


@pytest.fixture(scope="module")
def redis():
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        command += ["--unixsocket", f"{folder}/s", "--requirepass", "secret"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(1200):
            if os.path.exists(f"{folder}/s"):
                break
            time.sleep(0.05)
        yield port, f"{folder}/s"
        server.terminate()
        server.wait()


def test_redis(ctx, redis):
    port, path = redis
    setting(ctx, "redis_servers", f"127.0.0.1::{port}/3/secret")
    assert find(ctx, "redis", "set key some\\ value") == "OK"
    assert find(ctx, "redis", "get key") == "some value"
    assert find(ctx, "redis", "get nokey") is None
    assert find(ctx, "redis", "sadd set b a") == "2"
    assert sorted(find(ctx, "redis", "smembers set").split("\n")) == ["a", "b"]
    assert find(ctx, "redis", "rpush list x y z") == "3"
    assert find(ctx, "redis", "lrange list 0 -1") == "x\ny\nz"
    assert find(ctx, "redis", "lrange nolist 0 -1") is None
    assert find(ctx, "redis", "hset h f 1") == "1"
    assert find(ctx, "redis", "hgetall h") == "f\n1"
    assert find(ctx, f"redis,servers=({path})/3/secret", "get key") == "some value"
    assert find(
        ctx,
        "redis,servers=127.0.0.1:1/a/b:127.0.0.1::%d/3/secret".replace("127.0.0.1:1", "127.0.0.1::1") % port,
        "get key",
    )
    with pytest.raises(LookupDefer, match="query failed"):
        find(ctx, "redis", "nonsense")
    with pytest.raises(LookupDefer, match="AUTH failed"):
        find(ctx, f"redis,servers=127.0.0.1::{port}//wrong", "get key")
    assert len(ctx.process.caches["lookup.redis"][f"127.0.0.1:{port}/3/secret"]) == 1
    ctx.address.domain = "key\\ x"
    assert expand_text(clean("${lookup redis{set ${quote_redis:$domain} 1}}"), ctx) == "OK"
    assert find(ctx, "redis", "exists key\\\\\\ x") == "1"
    assert expand_text(clean("${lookup redis{get $domain}}"), ctx) == "1", "quoted in its place"
    with pytest.raises(TaintError):
        expand_text(clean("${lookup redis{${if eq{a}{a}{get $domain}}}}"), ctx)


def test_redis_connection_that_was_closed_is_made_again(ctx, redis):
    port, _ = redis
    setting(ctx, "redis_servers", f"127.0.0.1::{port}/0/secret")
    number = find(ctx, "redis", "client id")
    assert find(ctx, "redis", "set again 1") == "OK"
    setting(ctx, "redis_servers", f"127.0.0.1::{port}/1/secret")
    find(ctx, "redis", f"client kill id {number}")
    setting(ctx, "redis_servers", f"127.0.0.1::{port}/0/secret")
    assert find(ctx, "redis", "get again") == "1"


def test_redis_that_is_away(ctx):
    setting(ctx, "redis_servers", f"127.0.0.1::{free_port()}/0/")
    with pytest.raises(LookupDefer, match="REDIS connection failed"):
        find(ctx, "redis", "get key")


@pytest.fixture(scope="module")
def postgres():
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) if os.getuid() == 0 else []
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = None
    if not programs or user is None:
        pytest.skip("no PostgreSQL server")
    bin_ = programs[-1].parent
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        os.chown(folder, user.pw_uid, user.pw_gid)
        run = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": folder, "capture_output": True}
        subprocess.run([bin_ / "initdb", "-D", f"{folder}/d", "-A", "trust", "-N"], check=True, **run)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        start = [bin_ / "pg_ctl", "-D", f"{folder}/d", "-o", options, "-w", "-l", f"{folder}/log"]
        subprocess.run([*start, "start"], check=True, **run)
        yield port, folder
        subprocess.run([*start, "stop", "-m", "immediate"], check=False, **run)


def test_pgsql(ctx, postgres):
    port, folder = postgres
    setting(ctx, "pgsql_servers", f"127.0.0.1::{port}/postgres/postgres/x")
    assert find(ctx, "pgsql", "create table t(a text, b text, n int)") is None
    assert find(ctx, "pgsql", "insert into t values('x','one two',1),('y','',2)") == "2"
    assert find(ctx, "pgsql", "select b from t where n=1") == "one two"
    assert find(ctx, "pgsql", "select a,b from t order by n") == 'a=x b="one two" \na=y b="" '
    assert find(ctx, "pgsql", "select a from t where n=9") is None
    assert find(ctx, f"pgsql,servers=({folder}/.s.PGSQL.{port})/postgres/postgres/", "select 1") == "1"
    assert find(ctx, "pgsql", f"servers=(/{folder}/.s.PGSQL.{port})/postgres/postgres/; select 2") == "2"
    with pytest.raises(LookupDefer, match="syntax error"):
        find(ctx, "pgsql", "selec")
    with pytest.raises(LookupDefer, match="PGSQL connection failed"):
        find(ctx, "pgsql,servers=127.0.0.1::1/a/b/c", "select 1")
    ctx.address.domain = "o'x\\"
    assert expand_text(clean("${lookup pgsql{select length(E'${quote_pgsql:$domain}')}}"), ctx) == "4"
