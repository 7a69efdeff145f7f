"""The same lookups in the same servers by an installed Exim and by us."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support_services import LDAP_ENTRIES, MailServer, mariadb, postgres, program, slapd

SQL = [
    "select 1", "select ''", "select null", "select 'a b'", "select 'a', 'b'", "select 'a' as x, '' as y, null as z",
    "select 'a b' as x, 'q\"r' as y", "select 'x' where 1=0", "select 'a' union all select 'b'", "select '\"a\"' as x, 'b' as y",
    "select 'a=b' as x, 'c' as y", "selec", "update t set v='y' where k='none'", "insert into t values('k','x')",
    "select v from t", "select * from t", "delete from t", "select null as x, null as y",
    "select null union all select 'a'", "select 'a' union all select null", "select 'a' union all select null union all select 'b'",
    "select null union all select null",
]  # fmt: skip
#: in the character set of the connection
NAMES = [
    "select 'Müller'", "select hex('ü')", "select char_length('ü')", "select 1 as 'Größe', 'ü' as b",
    "select v from latin where k='ü'", "select hex(v) from latin",
]  # fmt: skip
LDAP = [
    "ldap:///ou=people,dc=x,dc=ex?sn?sub?(uid=fred)", "ldap:///ou=people,dc=x,dc=ex?mail?sub?(uid=fred)",
    "ldap:///ou=people,dc=x,dc=ex?sn,mail?sub?(uid=fred)", "ldap:///ou=people,dc=x,dc=ex?sn,description?sub?(uid=fred)",
    "ldap:///ou=people,dc=x,dc=ex?sn?sub?(uid=none)", "ldap:///ou=none,dc=x,dc=ex?sn?sub?(uid=fred)",
    "ldap:///ou=people,dc=x,dc=ex?title?sub?(uid=fred)", "ldap:///ou=people,dc=x,dc=ex?sn?sub?(objectClass=inetOrgPerson)",
    "ldap:///uid=fred,ou=people,dc=x,dc=ex?cn?base?", "ldap:///ou=people,dc=x,dc=ex?sn?sub?(uid=fred", "ldap:///",
    "user=\"uid=fred,ou=people,dc=x,dc=ex\" pass=fredpass ldap:///ou=private,dc=x,dc=ex?cn?sub?(uid=hidden)",
    "user=\"uid=fred,ou=people,dc=x,dc=ex\" pass=wrong ldap:///ou=private,dc=x,dc=ex?cn?sub?(uid=hidden)",
    "referrals=x ldap:///", "what=x ldap:///", "size=1 ldap:///ou=people,dc=x,dc=ex?sn?one?(uid=*)",
    "ldap:///ou=people,dc=x,dc=ex?MAIL?sub?(uid=fred)", "ldap:///ou=people,dc=x,dc=ex??sub?(uid=ann)",
]  # fmt: skip


def lines(server: MailServer, kind: str, queries: list[str], *, exim: bool) -> list[str]:
    text = "".join(f"${{lookup {kind}{{{query}}}{{<$value>}}{{not found}}}}\n" for query in queries)
    if exim:
        command = ["exim4", "-C", str(server.folder / "oracle"), "-be"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    else:
        done = server.run("-be", data=text)
    return done.stdout.replace("\n> ", "\n\0").split("\0")


def compare(folder: Path, main: str, kind: str, queries: list[str]) -> None:
    server = MailServer(folder, main=main)
    (folder / "oracle").write_text(f"{main}\n")
    ours = lines(server, kind, queries, exim=False)
    theirs = lines(server, kind, queries, exim=True)
    assert len(ours) == len(theirs)
    differing = [pair for pair in zip(queries, ours, theirs, strict=False) if pair[1] != pair[2]]
    assert not differing, "\n".join(f"{query}\n  ours  {mine!r}\n  exim  {other!r}" for query, mine, other in differing)


def test_pgsql(tmp_path: Path) -> None:
    database = postgres(tmp_path / "db")
    try:
        create = "create table t(k text, v text)"
        command = [
            "psql",
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            str(database.port),
            "-U",
            "postgres",
            "-c",
            create,
            "postgres",
        ]
        subprocess.run(command, check=True)
        compare(tmp_path / "c", f"pgsql_servers = 127.0.0.1::{database.port}/postgres/postgres/x", "pgsql", SQL)
    finally:
        database.stop()


def test_mysql(tmp_path: Path) -> None:
    database = mariadb(tmp_path / "db")
    try:
        create = (
            "create table t(k varchar(20), v varchar(20)); "
            "create table latin(k varchar(20), v varchar(20)) character set latin1; "
            "insert into latin values(_latin1 x'fc', _latin1 x'4dfc6c6c6572')"
        )
        command = [
            program("mariadb"),
            "--no-defaults",
            f"--socket={tmp_path}/db/socket",
            "-u",
            "root",
            "mail",
            "-e",
            create,
        ]
        subprocess.run(command, check=True)
        compare(tmp_path / "c", f"mysql_servers = 127.0.0.1::{database.port}/mail/exim/passw", "mysql", SQL + NAMES)
    finally:
        database.stop()


@pytest.mark.parametrize("kind", ["ldap", "ldapm", "ldapdn"])
def test_ldap(tmp_path: Path, kind: str) -> None:
    directory = slapd(tmp_path / "d", LDAP_ENTRIES)
    try:
        compare(tmp_path / "c", f"ldap_default_servers = 127.0.0.1::{directory.port}", kind, LDAP)
    finally:
        directory.stop()
