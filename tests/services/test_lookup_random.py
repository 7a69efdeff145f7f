"""Random lookups by an installed Exim and by us, each in its own database of the same server: results and errors."""

from __future__ import annotations

import random
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support_services import LDAP_ENTRIES, MailServer, Running, as_user, give, mariadb, postgres, program, slapd

NUMBER = 150
Make = Callable[[random.Random], str]

_NAMES = ["x", "v", "Name", '"a b"', '"q""r"', "one_two", '"="']
_WORDS = [
    "", " ", "a", "a b", "A=B", '"', '"x"', "x\"y", "\\\\", "a\\\\b", "''", "it''s", "a,b", "a;b", "a:b", "<NULL>", "<x>", "  lead", "trail  ",
    "100%", "#", "{", "}", "tab\\\\t", "0", "-1", "true",
]  # fmt: skip


def word(dice: random.Random) -> str:
    """The content of a literal in single quotes, as it stands in an expansion."""
    text = "".join(dice.choice(_WORDS) for _ in range(dice.choice((1, 1, 1, 2, 3))))
    return text.replace("{", "\\{").replace("}", "\\}")


def rows(dice: random.Random, values: list[str], names: list[str]) -> str:
    """Some rows of some columns."""
    columns = dice.choice((1, 1, 1, 2, 3))
    picked = [dice.choice(names) for _ in range(columns)]
    aliased = dice.random() < 0.7

    def row() -> str:
        shown = []
        for name in picked:
            value = dice.choice(values)
            if value == "'%'":
                value = f"'{word(dice)}'"
            shown.append(f"{value} as {name}" if aliased else value)
        return "select " + ", ".join(shown)

    return " union all ".join(row() for _ in range(dice.choice((1, 1, 1, 2, 3, 4))))


PG_VALUES = [
    "'%'",
    "'%'",
    "'%'",
    "null",
    "1::text",
    "''",
    "chr(10)",
    "chr(228)",
    "chr(9)",
    "repeat('x',300)",
    "E'a\\\\nb'",
    "'1.50'",
]
PG_OTHER = [
    "select 1/0", "select 'x'::int", "selec", "", " ", ";", "-- nothing", "select 1; select 2", "select 1; selec", "select 1; insert into t values('q','r')",
    "insert into t values('k','x'); select 5", "insert into t values ('a','b'),('c','d')", "insert into t values('e','f') returning k",
    "insert into t values('e','f') returning k, v", "update t set v='z'", "update t set v='z' where k='none'", "delete from t where k='a'", "delete from t returning v",
    "select * from t order by 1", "select count(*) from t", "select k from t where k='none'", "table t", "values (1,'a'),(2,'b')", "show server_version_num",
    "set application_name to 'x'", "commit", "rollback", "select 7", "create temp table if not exists tt(a int)", "truncate t", "listen x", "notify x, 'y'",
    "copy t to stdout", "copy t from stdin", "select true, false", "select 1.50", "select array[1,null,3]", "select '{\"a\":1\\}'::json", "select row(1,'a b')",
    "select x'ff'::int", "select '\\\\xff00'::bytea", "select interval '1 day'", "select date '2020-01-02'", "explain (costs off) select 1", "do \\$\\$ begin raise notice 'hello'; end \\$\\$",
    "do \\$\\$ begin raise exception 'bad % thing', 5; end \\$\\$", "do \\$\\$ begin raise exception using message='m', detail='d', hint='h'; end \\$\\$", "select nope from t", "select * from nope", "select nope(1)",
    "select from t limit 1", "select", "select pg_sleep(0)", "prepare p as select 1", "execute p", "execute q", "fetch all from c", "declare c cursor for select 1",
    "select E'\\\\x00'", "select chr(0)", "vacuum t", "select current_database() is not null", "alter table nope add a int", "grant select on nope to x", "select 'a' 'b'",
]  # fmt: skip
PG_USES = ["pgsql"] * 12 + ["pgsql,cache=no_rd", "pgsql,what=x", "pgsql,servers=127.0.0.1::1/a/b/c", "pgsql,servers=nosuch", "pgsql,servers=", "pgsql, cache=no_rd"]  # fmt: skip
PG_PREFIXES = [""] * 14 + [
    "servers=nosuch;",
    "servers=a/b;",
    "servers=;",
    "SERVERS = x/y/z ;",
    "servers ; ",
    "serversx=1; ",
]


def pgsql_query(dice: random.Random) -> str:
    query = rows(dice, PG_VALUES, _NAMES) if dice.random() < 0.5 else dice.choice(PG_OTHER)
    return f"${{lookup {dice.choice(PG_USES)} {{{dice.choice(PG_PREFIXES)}{query}}}{{<$value>}}{{not found}}}}"


MY_NAMES = ["x", "v", "Name", "`a b`", '`q"r`', "one_two", "`=`"]
MY_VALUES = [
    "'%'",
    "'%'",
    "'%'",
    "null",
    "1",
    "''",
    "char(10)",
    "char(228)",
    "char(9)",
    "repeat('x',300)",
    "'a\\\\nb'",
    "1.50",
    "x'41'",
]
MY_OTHER = [
    "select 1/0", "selec", "", " ", ";", "-- nothing", "select 1; select 2", "insert into t values ('a','b'),('c','d')", "update t set v='z'", "update t set v='z'",
    "update t set v='y' where k='none'", "delete from t where k='a'", "delete from t", "select * from t order by 1", "select count(*) from t", "select k from t where k='none'",
    "set @a=1", "select @a", "select @none", "begin", "commit", "rollback", "select true, false", "select 1.50", "select date '2020-01-02'", "select time '10:00:00'", "do 1", "show tables",
    "show tables like 'none'", "show warnings", "select nope from t", "select * from nope", "select nope(1)", "select", "select sleep(0)", "select char(0)", "select x'00ff'", "select b'101'",
    "prepare p from 'select 1'", "execute p", "execute q", "kill 999999", "use nope", "select 'a' 'b'", "insert into t values('a')", "insert into t(nope) values(1)", "replace into t values('a','1')",
    "truncate t", "call nope()", "call two()", "call one(5)", "create table if not exists t(k int)", "drop table nope", "signal sqlstate '45000' set message_text='bad'", "select group_concat(k) from t",
    "select 1 as `a b`, '' as c", "select null where 1=0", "desc t", "analyze table t", "check table nope", "select 1 limit 0", "insert into t select 'm','n'",
    "insert ignore into t values(repeat('x',50),'y')", "insert into t values(repeat('x',50),'y')", "select 1 into @b", "flush nope",
]  # fmt: skip
MY_USES = ["mysql"] * 12 + ["mysql,cache=no_rd", "mysql,what=x", "mysql,servers=127.0.0.1::1/a/b/c", "mysql,servers=nosuch", "mysql,servers=a/b", "mysql,servers=a/b/c/d/e"]  # fmt: skip


def mysql_query(dice: random.Random) -> str:
    query = rows(dice, MY_VALUES, MY_NAMES) if dice.random() < 0.5 else dice.choice(MY_OTHER)
    prefix = dice.choice([each for each in PG_PREFIXES if "/" not in each])
    return f"${{lookup {dice.choice(MY_USES)} {{{prefix}{query}}}{{<$value>}}{{not found}}}}"


LITE_VALUES = [
    "'%'",
    "'%'",
    "'%'",
    "null",
    "1",
    "''",
    "char(10)",
    "char(228)",
    "char(9)",
    "1.50",
    "x'41'",
    "x'00'",
    "1e30",
    "9223372036854775807",
    "replace(hex(zeroblob(150)),'0','x')",
]
LITE_OTHER = [
    "select 1/0", "selec", "", " ", ";", "-- nothing", "select 1; select 2", "select 1; selec", "insert into t values ('a','b'),('c','d')", "update t set v='z'", "delete from t where k='a'",
    "insert into t values('e','f') returning k, v", "select * from t order by 1", "select count(*) from t", "select k from t where k='none'", "select nope from t", "select * from nope", "select nope(1)",
    "select 1.50", "select 1.0", "select 1e300*10", "select true, false", "pragma user_version", "pragma nope", "values (1,'a'),(2,'b')", "select typeof(null)",
    "create table if not exists t(k)", "create table t(k)", "drop table nope", "insert into t values(1)", "insert into u values(1)", "insert into u values(1)", "vacuum", "explain query plan select 1",
    "select 'a' || char(0) || 'b'", "select json('nope')", "select json_object('a',1)", "select 1 where 0", "select 1 limit 0", "attach 'nope/x' as y", "select raise(fail,'x')",
    "select max(k) from t where 0", "select 1 as \"a b\", '' as c", "select date('2020-01-02')", "analyze", "reindex nope",
]  # fmt: skip


def sqlite_query(dice: random.Random, folder: Path) -> str:
    query = rows(dice, LITE_VALUES, _NAMES) if dice.random() < 0.5 else dice.choice(LITE_OTHER)
    use, prefix = dice.choice(
        [("sqlite", ""), ("sqlite", f"{folder}/db "), (f"sqlite,file={folder}/db", ""), (f"sqlite,file={folder}/db", f"{folder}/db ")] * 6
        + [("sqlite", f"{folder}/none/db "), ("sqlite,file=relative", ""), ("sqlite,file=", ""), ("sqlite,what=x", ""), ("sqlite", f"{folder}/text "), ("sqlite,cache=no_rd", "")]
    )  # fmt: skip
    return f"${{lookup {use} {{{prefix}{query}}}{{<$value>}}{{not found}}}}"


LDAP_FILTERS = [
    "(uid=fred)", "(uid=ann)", "(uid=none)", "(objectClass=inetOrgPerson)", "(uid=*)", "(|(uid=fred)(uid=ann))", "(&(uid=fred)(sn=One))", "(!(uid=fred))", "(uid=f*)", "(cn=*n*)", "(uid=fr", "()",
    "(uid)", "(mail=f,red@x.ex)", "(mail=f%2Cred@x.ex)", "(uid=a\\\\2c b\\\\2bc)", "(uid=fred)(uid=ann)", "(uid>=g)", "(uid~=fred)", "(uid:=fred)", "", "(nosuch=1)", "uid=fred", "(uid=\\\\zz)", "(&)", "(|)",
]  # fmt: skip
LDAP_ATTRIBUTES = [
    "",
    "sn",
    "cn",
    "mail",
    "uid",
    "sn,mail",
    "sn,description",
    "MAIL",
    "title",
    "objectClass",
    "uid,cn,sn,mail",
    "1.1",
    "*",
    "+",
    "nosuch",
    "sn,",
    "dn",
    "entryDN",
]
LDAP_BASES = [
    "ou=people,dc=x,dc=ex", "ou=people,dc=x,dc=ex", "dc=x,dc=ex", "uid=fred,ou=people,dc=x,dc=ex", "ou=none,dc=x,dc=ex", "", "nonsense", "dc=y", "ou=private,dc=x,dc=ex", "uid=a%5C2C%20b%5C2Bc,ou=people,dc=x,dc=ex",
    "ou=people%2Cdc=x%2Cdc=ex",
]  # fmt: skip
LDAP_SETTINGS = [
    "", "", "", "", "size=1 ", "size=5 ", "time=5 ", "timeout=3 ", "connect=2 ", "deref=always ", "DEREFERENCE=never ", "dereference=nope ", "referrals=nofollow ", "referrals=follow ", "netmask=1 ", "user=",
    'user="uid=fred,ou=people,dc=x,dc=ex" pass=fredpass ', 'user="uid=fred,ou=people,dc=x,dc=ex" pass=wrong ', 'USER="uid=ann,ou=people,dc=x,dc=ex" PASS="an n\\\\"p\\\\\\\\ass" ', "pass=x ", "user=nonsense pass=x ",
    "size=x ", "servers=nosuch ", "time=0 ", "size = 2 ",
]  # fmt: skip


def ldap_query(dice: random.Random, kind: str, port: int) -> str:
    host = dice.choice(["", "", "", f"127.0.0.1:{port}", "127.0.0.1:1"])
    scheme = dice.choice(["ldap"] * 9 + ["LDAP", "http", "ldapx"])
    scope = dice.choice(["sub", "sub", "sub", "one", "base", "", "nope", "SUB"])
    url = f"{scheme}://{host}/{dice.choice(LDAP_BASES)}"
    parts = [dice.choice(LDAP_ATTRIBUTES), scope, dice.choice(LDAP_FILTERS)]
    url += "".join(f"?{part}" for part in parts[: dice.choice((0, 1, 2, 3, 3, 3, 3, 3, 3, 3))])
    return f"${{lookup {kind} {{{dice.choice(LDAP_SETTINGS)}{url}}}{{<$value>}}{{not found}}}}"


def answers(command: list[str], texts: list[str], **how: object) -> list[str]:
    """What `-be` says to each."""
    marked = "".join(f"{text}\n@{number}@\n" for number, text in enumerate(texts))
    done = subprocess.run(command, input=marked.encode("latin-1"), capture_output=True, check=False, timeout=120, **how)  # type: ignore[call-overload]
    out = done.stdout.decode("latin-1")
    found = re.split(r"> @\d+@\n", out)
    assert len(found) == len(texts) + 1, (found[-1], done.stderr)
    return [each.removeprefix("> ") for each in found[:-1]]


def compare(folder: Path, texts: list[str], ours: str, exim: str, same: Callable[[str], str] = str) -> None:
    server = MailServer(folder, main=ours)
    (folder / "oracle").write_text(f"{exim}\n")
    mine = answers(server.command("-be"), texts, env=server.environment, **as_user(server.user))
    theirs = answers(["exim4", "-C", str(folder / "oracle"), "-be"], texts)
    differing = [
        (text, same(one), same(other))
        for text, one, other in zip(texts, mine, theirs, strict=True)
        if same(one) != same(other)
    ]
    shown = "\n".join(f"{text}\n  ours  {one!r}\n  exim  {other!r}" for text, one, other in differing)
    assert not differing, f"{len(differing)} of {len(texts)}\n{shown}"


def made(kind: str, make: Make) -> list[str]:
    dice = random.Random(kind)
    return [make(dice) for _ in range(NUMBER)]


def test_pgsql(tmp_path: Path) -> None:
    database = postgres(tmp_path / "db")
    try:
        command = ["psql", "-q", "-h", "127.0.0.1", "-p", str(database.port), "-U", "postgres"]
        for name in ("ours", "exim"):
            subprocess.run([*command, "-c", f"create database {name}", "postgres"], check=True)
            subprocess.run([*command, "-c", "create table t(k text, v text)", name], check=True)
        spec = f"pgsql_servers = 127.0.0.1::{database.port}/%s/postgres/x"
        compare(tmp_path / "c", made("pgsql", pgsql_query), spec % "ours", spec % "exim")
    finally:
        database.stop(2)


def test_mysql(tmp_path: Path) -> None:
    database = mariadb(tmp_path / "db")
    try:
        client = [program("mariadb"), "--no-defaults", f"--socket={tmp_path}/db/socket", "-u", "root"]
        for name in ("ours", "exim"):
            text = (
                f"create database {name} character set latin1; grant all on {name}.* to exim@'%'; use {name}; "
                "create table t(k varchar(20), v varchar(20));\ndelimiter //\n"
                "create procedure two() begin select 1; select 2; end//\n"
                "create procedure one(n int) begin select n; end//\n"
            )
            subprocess.run(client, input=text, text=True, check=True)
        spec = f"mysql_servers = 127.0.0.1::{database.port}/%s/exim/passw"
        compare(
            tmp_path / "c", made("mysql", mysql_query), spec % "ours", spec % "exim",
            lambda text: re.sub(r"\b(ours|exim)\b", "DB", text),
        )  # fmt: skip
    finally:
        database.stop()


def test_sqlite(tmp_path: Path) -> None:
    texts = made("sqlite", lambda dice: sqlite_query(dice, Path("FOLDER")))
    found = []
    for name in ("ours", "exim"):
        folder = tmp_path / name
        folder.mkdir()
        with sqlite3.connect(folder / "db") as database:
            database.execute("create table t(k text, v text)")
            database.execute("create table u(k integer primary key)")
        database.close()
        (folder / "text").write_text("not a database, but long enough to look like one" * 20)
        if name == "ours":
            give(folder, "nobody")
        found.append([text.replace("FOLDER", str(folder)) for text in texts])
    server = MailServer(tmp_path / "c", main=f"sqlite_dbfile = {tmp_path}/ours/db")
    (tmp_path / "oracle").write_text(f"sqlite_dbfile = {tmp_path}/exim/db\n")
    mine = answers(server.command("-be"), found[0], env=server.environment, **as_user(server.user))
    theirs = answers(["exim4", "-C", str(tmp_path / "oracle"), "-be"], found[1])
    mine = [each.replace(f"{tmp_path}/ours", "FOLDER") for each in mine]
    theirs = [each.replace(f"{tmp_path}/exim", "FOLDER") for each in theirs]
    # The one difference that is meant: with an error in a statement Exim finds nothing, and we defer.
    differing = [
        three
        for three in zip(texts, mine, theirs, strict=True)
        if three[1] != three[2] and not (three[2] == "not found\n" and " gave DEFER: " in three[1])
    ]
    shown = "\n".join(f"{text}\n  ours  {one!r}\n  exim  {other!r}" for text, one, other in differing)
    assert not differing, f"{len(differing)} of {len(texts)}\n{shown}"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    server = slapd(tmp_path_factory.mktemp("ldap") / "d", LDAP_ENTRIES)
    yield server
    server.stop()


@pytest.mark.parametrize("kind", ["ldap", "ldapm", "ldapdn"])
def test_ldap(tmp_path: Path, kind: str, directory: Running) -> None:
    main = f"ldap_default_servers = 127.0.0.1::{directory.port}"
    compare(tmp_path, made(kind, lambda dice: ldap_query(dice, kind, directory.port)), main, main)
