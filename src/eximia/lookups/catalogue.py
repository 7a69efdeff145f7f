"""All lookup types."""

from __future__ import annotations

from eximia.base.catalogue import Catalogue

from .types import LookupType

LOOKUPS: Catalogue[LookupType] = Catalogue(
    "lookup type",
    {
        "lsearch": "eximia.lookups.lsearch:LSEARCH",
        "iplsearch": "eximia.lookups.iplsearch:IPLSEARCH",
        "wildlsearch": "eximia.lookups.wildlsearch:WILDLSEARCH",
        "nwildlsearch": "eximia.lookups.wildlsearch:NWILDLSEARCH",
        "cdb": "eximia.lookups.cdb:CDB",
        "dbm": "eximia.lookups.dbm:DBM",
        "dbmjz": "eximia.lookups.dbm:DBMJZ",
        "dbmnz": "eximia.lookups.dbm:DBMNZ",
        "dsearch": "eximia.lookups.dsearch:DSEARCH",
        "json": "eximia.lookups.json_file:JSON",
        "lmdb": "eximia.lookups.lmdb_file:LMDB",
        "psl": "eximia.lookups.psl:PSL",
        "regdom": "eximia.lookups.psl:REGDOM",
        "spf": "eximia.lookups.spf:SPF",
        "dnsdb": "eximia.lookups.dnsdb:DNSDB",
        "passwd": "eximia.lookups.passwd:PASSWD",
        "sqlite": "eximia.lookups.sqlite:SQLITE",
        "redis": "eximia.lookups.redis:REDIS",
        "pgsql": "eximia.lookups.pgsql:PGSQL",
        "mysql": "eximia.lookups.mysql:MYSQL",
        "ldap": "eximia.lookups.ldap.lookup:LDAP",
        "ldapm": "eximia.lookups.ldap.lookup:LDAPM",
        "ldapdn": "eximia.lookups.ldap.lookup:LDAPDN",
        "ldapauth": "eximia.lookups.ldap.lookup:LDAPAUTH",
        "nis": "eximia.lookups.refused:NIS",
        "nis0": "eximia.lookups.refused:NIS",
        "nisplus": "eximia.lookups.refused:NISPLUS",
        "ibase": "eximia.lookups.refused:IBASE",
        "oracle": "eximia.lookups.refused:ORACLE",
        "whoson": "eximia.lookups.refused:WHOSON",
    },
)
