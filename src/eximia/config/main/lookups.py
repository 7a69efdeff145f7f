"""Main options about look-ups in files, databases and directories (manual 9)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class LookupOptions(OptionSet):
    """Servers and limits of look-ups."""

    ibase_servers: Template | None = option(Kind.STRING_LIST, "InterBase servers.", secret=True)
    ldap_ca_cert_dir: Untainted | None = option(
        Kind.STRING,
        "A directory of CA certificates for LDAP servers.",
        sink=Sink.FILE_NAME,
    )
    ldap_ca_cert_file: Untainted | None = option(
        Kind.STRING,
        "A file of CA certificates for LDAP servers.",
        sink=Sink.FILE_NAME,
    )
    ldap_cert_file: Untainted | None = option(
        Kind.STRING,
        "The client certificate for LDAP servers.",
        sink=Sink.FILE_NAME,
    )
    ldap_cert_key: Untainted | None = option(Kind.STRING, "Its private key.", sink=Sink.FILE_NAME)
    ldap_cipher_suite: Untainted | None = option(Kind.STRING, "The TLS ciphers for LDAP servers.")
    ldap_default_servers: Template | None = option(Kind.STRING_LIST, "LDAP servers for queries that name none.")
    ldap_require_cert: Untainted | None = option(Kind.STRING, "What is required of LDAP servers' certificates.")
    ldap_start_tls: bool = option(Kind.BOOL, "TLS is started on plain LDAP connections.", default=False)
    ldap_version: int = option(Kind.INTEGER, "The LDAP protocol version; -1: 3.", default=-1)
    lookup_open_max: int = option(Kind.INTEGER, "The most files kept open for look-ups.", default=25)
    mysql_servers: Template | None = option(Kind.STRING_LIST, "MySQL servers.", secret=True)
    oracle_servers: Template | None = option(Kind.STRING_LIST, "Oracle servers.", secret=True)
    pgsql_servers: Template | None = option(Kind.STRING_LIST, "PostgreSQL servers.", secret=True)
    redis_ca_cert_file: Untainted | None = option(
        Kind.STRING,
        "A file of CA certificates that must have signed those of Redis servers with tls+.",
        sink=Sink.FILE_NAME,
        own=True,
    )
    redis_servers: Template | None = option(Kind.STRING_LIST, "Redis servers.", secret=True)
    sqlite_dbfile: Untainted | None = option(
        Kind.STRING,
        "The SQLite file for queries that name none.",
        sink=Sink.FILE_NAME,
    )
    sqlite_lock_timeout: int = option(
        Kind.INTEGER,
        "How long a locked SQLite file is waited for, in seconds.",
        default=5,
    )
