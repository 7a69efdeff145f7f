"""The examples of the events' documentation that write into databases, as printed; the tables are those of
docs/databases.md."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support_servers import free_port
from support_services import Running, mail_server, mariadb, postgres, program, until

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "databases.md"

DELIVERY_ACTION = r"""
  tpda_delivery_action = \
  ${lookup pgsql {SELECT * FROM record_Delivery( \
   '${quote_pgsql:$sender_address_domain}',\
   '${quote_pgsql:${lc:$sender_address_local_part}}', \
   '${quote_pgsql:$tpda_delivery_domain}', \
   '${quote_pgsql:${lc:$tpda_delivery_local_part}}', \
   '${quote_pgsql:$tpda_delivery_ip}', \
   '${quote_pgsql:${lc:$tpda_delivery_fqdn}}', \
   '${quote_pgsql:$message_exim_id}')}}
"""
EVENT_ACTION = r"""
  %s = ${if %s {msg:delivery}{$%s} \
  {${lookup pgsql {SELECT * FROM record_Delivery( \
   '${quote_pgsql:$sender_address_domain}',\
   '${quote_pgsql:${lc:$sender_address_local_part}}', \
   '${quote_pgsql:$domain}', \
   '${quote_pgsql:${lc:$local_part}}', \
   '${quote_pgsql:$host_address}', \
   '${quote_pgsql:${lc:$host}}', \
   '${quote_pgsql:$message_exim_id}')}} \
  } {}}
"""
#: today's form, and the one of the first documentation of events, which compares by `=`
EVENT_ACTIONS = [
    EVENT_ACTION % ("event_action", "eq", "event_name"),
    EVENT_ACTION % ("tpda_event_action", "=", "tpda_event"),
]
HOST_DEFER_ACTION = r"""
  tpda_host_defer_action = \
  ${lookup mysql {insert into delivlog set \
   msgid = '${quote_mysql:$message_exim_id}', \
   senderlp = '${quote_mysql:${lc:$sender_address_local_part}}', \
   senderdom = '${quote_mysql:$sender_address_domain}', \
   delivlp = '${quote_mysql:${lc:$tpda_delivery_local_part}}', \
   delivdom = '${quote_mysql:$tpda_delivery_domain}', \
   delivip = '${quote_mysql:$tpda_delivery_ip}', \
   delivport = '${quote_mysql:$tpda_delivery_port}', \
   delivfqdn = '${quote_mysql:$tpda_delivery_fqdn}', \
   deliverrno = '${quote_mysql:$tpda_defer_errno}', \
   deliverrstr = '${quote_mysql:$tpda_defer_errstr}' \
   }}
"""
REMOTE = """
remote:
  driver = manualroute
  domains = ! +local_domains
  route_list = * 127.0.0.1::{port}
  self = send
  transport = smtp
"""
SMTP = "smtp:\n  driver = smtp\n  hosts_try_fastopen =\n  connect_timeout = 2s\n"


def tables(kind: str) -> str:
    """The statements that the page prints for `kind`."""
    found = re.search(rf"```sql\n-- {kind}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = postgres(tmp_path_factory.mktemp("pg") / "d")
    psql(made, tables("PostgreSQL"))
    yield made
    made.stop()


def psql(database: Running, text: str) -> str:
    command = ["psql", "-qAt", "-h", "127.0.0.1", "-p", str(database.port), "-U", "postgres", "postgres"]
    return subprocess.run(command, input=text, text=True, check=True, capture_output=True).stdout


@pytest.mark.parametrize("action", [DELIVERY_ACTION, *EVENT_ACTIONS])
def test_deliveries_in_postgresql(tmp_path: Path, database: Running, action: str) -> None:
    psql(database, "delete from delivery")
    main = f"pgsql_servers = 127.0.0.1::{database.port}/postgres/postgres/x\nlog_selector = +all"
    with (
        mail_server(tmp_path / "there", main="acl_not_smtp_start = accept") as there,
        mail_server(
            tmp_path / "here", main=f"{main}\nadd_environment = X=1", routers=REMOTE.format(port=there.port).replace("! +local_domains", "*"),
            transports=f"{SMTP}{action}",
        ) as here,
    ):  # fmt: skip
        assert here.send(sender="O'Neill@x.ex", recipients=("A@test.ex", "b@test.ex"))[0] == 250
        until(
            lambda: psql(database, "select count(*) from delivery").strip() == "2", 60, here.log() + here.log("panic")
        )
        rows = psql(
            database, "select sender_domain, sender_local, domain, local, ip, fqdn from delivery order by local"
        )
        assert rows == ("x.ex|o'neill|test.ex|a|127.0.0.1|127.0.0.1\nx.ex|o'neill|test.ex|b|127.0.0.1|127.0.0.1\n")
        assert len(psql(database, "select distinct message_id from delivery").strip()) == 23


def test_host_deferrals_in_mariadb(tmp_path: Path) -> None:
    database = mariadb(tmp_path / "db")
    client = [program("mariadb"), "--no-defaults", "-N", f"--socket={tmp_path}/db/socket", "-u", "root", "mail"]
    try:
        subprocess.run(client, input=tables("MariaDB"), text=True, check=True)
        main = f"hide mysql_servers = 127.0.0.1::{database.port}/mail/exim/passw"
        port = free_port()
        with mail_server(
            tmp_path / "mx", main=main, routers=REMOTE.format(port=port), transports=f"{SMTP}{HOST_DEFER_ACTION}"
        ) as server:
            assert server.send(sender="O'Neill@x.ex", recipients=("who@far.ex",))[0] == 250

            def rows() -> str:
                query = "select senderlp, senderdom, delivip, delivport, deliverrno, deliverrstr from delivlog"
                return subprocess.run(client, input=query, text=True, check=True, capture_output=True).stdout

            until(lambda: "Connection refused" in rows(), 60, server.log() + server.log("panic"))
            assert rows().split("\n")[0].split("\t") == [
                "o'neill", "x.ex", "127.0.0.1", str(port), "111", "Connection refused",
            ]  # fmt: skip
    finally:
        database.stop()
