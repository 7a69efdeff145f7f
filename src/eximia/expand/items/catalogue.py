"""The items, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.catalogue import Catalogue

if TYPE_CHECKING:
    from eximia.expand.items.function import Item

_HERE = "eximia.expand.items."

ITEMS: Catalogue[Item] = Catalogue(
    "expansion item",
    {
        "acl": _HERE + "acl:ACL",
        "authresults": _HERE + "authresults:AUTHRESULTS",
        "certextract": _HERE + "certextract:CERTEXTRACT",
        "dlfunc": _HERE + "dlfunc:DLFUNC",
        "env": _HERE + "env:ENV",
        "extract": _HERE + "extract:EXTRACT",
        "filter": _HERE + "filter:FILTER",
        "hash": _HERE + "substrings:HASH",
        "hmac": _HERE + "hmac:HMAC",
        "if": _HERE + "if_:IF",
        "imapfolder": _HERE + "imapfolder:IMAPFOLDER",
        "length": _HERE + "substrings:LENGTH",
        "listextract": _HERE + "listextract:LISTEXTRACT",
        "listquote": _HERE + "listquote:LISTQUOTE",
        "lookup": _HERE + "lookup:LOOKUP",
        "map": _HERE + "map:MAP",
        "nhash": _HERE + "substrings:NHASH",
        "perl": _HERE + "perl:PERL",
        "prvs": _HERE + "prvs:PRVS",
        "prvscheck": _HERE + "prvscheck:PRVSCHECK",
        "readfile": _HERE + "readfile:READFILE",
        "readsocket": _HERE + "readsocket:READSOCKET",
        "reduce": _HERE + "reduce:REDUCE",
        "run": _HERE + "run:RUN",
        "sg": _HERE + "sg:SG",
        "sort": _HERE + "sort:SORT",
        "srs_encode": _HERE + "srs_encode:SRS_ENCODE",
        "substr": _HERE + "substrings:SUBSTR",
        "tr": _HERE + "tr:TR",
    },
)
