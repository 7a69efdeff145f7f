"""The conditions, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.catalogue import Catalogue

if TYPE_CHECKING:
    from eximia.expand.conditions.reading import ConditionKind

_HERE = "eximia.expand.conditions."

CONDITIONS: Catalogue[ConditionKind] = Catalogue(
    "expansion condition",
    {
        "<": _HERE + "numeric:LESS",
        "<=": _HERE + "numeric:LESS_EQUAL",
        "=": _HERE + "numeric:EQUAL",
        "==": _HERE + "numeric:EQUAL",
        ">": _HERE + "numeric:GREATER",
        ">=": _HERE + "numeric:GREATER_EQUAL",
        "acl": _HERE + "acl:ACL",
        "and": _HERE + "combining:AND",
        "bool": _HERE + "boolean:BOOL",
        "bool_lax": _HERE + "boolean:BOOL_LAX",
        "crypteq": _HERE + "crypteq:CRYPTEQ",
        "def": _HERE + "defined:DEF",
        "eq": _HERE + "strings:EQ",
        "eqi": _HERE + "strings:EQI",
        "exists": _HERE + "exists:EXISTS",
        "first_delivery": _HERE + "delivery:FIRST_DELIVERY",
        "forall": _HERE + "walking:FORALL",
        "forall_json": _HERE + "walking:FORALL_JSON",
        "forall_jsons": _HERE + "walking:FORALL_JSONS",
        "forany": _HERE + "walking:FORANY",
        "forany_json": _HERE + "walking:FORANY_JSON",
        "forany_jsons": _HERE + "walking:FORANY_JSONS",
        "ge": _HERE + "strings:GE",
        "gei": _HERE + "strings:GEI",
        "gt": _HERE + "strings:GT",
        "gti": _HERE + "strings:GTI",
        "inbound_srs": _HERE + "inbound_srs:INBOUND_SRS",
        "inlist": _HERE + "inlist:INLIST",
        "inlisti": _HERE + "inlist:INLISTI",
        "isip": _HERE + "isip:ISIP",
        "isip4": _HERE + "isip:ISIP4",
        "isip6": _HERE + "isip:ISIP6",
        "ldapauth": _HERE + "ldapauth:LDAPAUTH",
        "le": _HERE + "strings:LE",
        "lei": _HERE + "strings:LEI",
        "lt": _HERE + "strings:LT",
        "lti": _HERE + "strings:LTI",
        "match": _HERE + "match:MATCH",
        "match_address": _HERE + "listmatch:MATCH_ADDRESS",
        "match_domain": _HERE + "listmatch:MATCH_DOMAIN",
        "match_ip": _HERE + "listmatch:MATCH_IP",
        "match_local_part": _HERE + "listmatch:MATCH_LOCAL_PART",
        "or": _HERE + "combining:OR",
        "pam": _HERE + "pam:PAM",
        "pwcheck": _HERE + "pwcheck:PWCHECK",
        "queue_running": _HERE + "delivery:QUEUE_RUNNING",
        "radius": _HERE + "radius:RADIUS",
        "saslauthd": _HERE + "saslauthd:SASLAUTHD",
    },
)
