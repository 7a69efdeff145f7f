"""What the documentation of the Redis and LMDB lookups promises, through ACLs of the daemon."""

from __future__ import annotations

from pathlib import Path

import lmdb

from support_servers import free_port
from support_services import mail_server, redis

RCPT = """
  warn logwrite = set ${lookup redis{set keyname ${quote_redis:objvalue plus}}}
       logwrite = get ${lookup redis{get keyname}}
       logwrite = hostile ${lookup redis{set $local_part ${quote_redis:$sender_address_local_part}}} \\
                  ${lookup redis{get $local_part}}
       logwrite = count ${lookup redis{sadd members one}} ${lookup redis{sadd members two}} \\
                  ${lookup redis{scard members}}
       logwrite = members <${sg{${sort{${sg{${lookup redis{smembers members}}}{\\n}{:}}}{lt}{$item}}}{:}{ }}>
       logwrite = array ${lookup redis{rpush row a}} ${lookup redis{rpush row b}} \\
                  <${sg{${lookup redis{lrange row 0 -1}}}{\\n}{/}}>
       logwrite = absent ${lookup redis{get nosuch}{found}{not found}}
       logwrite = option ${lookup redis,servers=127.0.0.1::REDIS/3/{get keyname}{found}{not found}}
       logwrite = lmdb ${lookup{$local_part}lmdb{FOLDER/file.mdb}{<$value>}{none}} \\
                  ${lookup{nobody}lmdb{FOLDER/file.mdb}{<$value>}{none}}
"""


def test_redis_and_lmdb(tmp_path: Path) -> None:
    """redis_servers = host::port/database/password, with either left out, the next one tried; any command, `OK`, whole
    numbers, lists and sets an item a line, nothing found; quote_redis; servers= of one lookup. lmdb: a key in a file."""
    store = redis(tmp_path / "redis")
    with lmdb.open(str(tmp_path / "file.mdb"), subdir=False) as file, file.begin(write=True) as transaction:
        transaction.put(b"a", b"a value")
    (tmp_path / "file.mdb").chmod(0o644)
    rcpt = RCPT.replace("REDIS", str(store.port)).replace("FOLDER", str(tmp_path))
    # Exim's $local_part comes from outside: a query must have it quoted, a key need not
    rcpt = rcpt.replace("set $local_part", "set ${quote_redis:$local_part}")
    rcpt = rcpt.replace("get $local_part", "get ${quote_redis:$local_part}")
    main = f"redis_servers = 127.0.0.1::{free_port()}// : 127.0.0.1::{store.port}/10/"
    try:
        with mail_server(tmp_path / "mx", main=main, rcpt=rcpt) as server:
            assert server.send(sender='"flush all\\ x"@x.ex')[0] == 250
            for line in (
                "set OK", "get objvalue plus", 'hostile OK "flush all x"', "count 1 1 2", "members <one two>",
                "array 1 2 <a/b>", "absent not found", "option not found", "lmdb <a value> none",
            ):  # fmt: skip
                assert f" {line}\n" in server.log(), f"{line}\n{server.log()}{server.log('panic')}"
    finally:
        store.stop()
