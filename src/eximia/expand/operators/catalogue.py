"""The operators, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.catalogue import Catalogue

if TYPE_CHECKING:
    from eximia.expand.operation import Operator

_HERE = "eximia.expand.operators."

OPERATORS: Catalogue[Operator] = Catalogue(
    "expansion operator",
    {
        "address": _HERE + "addresses:ADDRESS",
        "addresses": _HERE + "addresses:ADDRESSES",
        "base32": _HERE + "bases:BASE32",
        "base32d": _HERE + "bases:BASE32D",
        "base62": _HERE + "bases:BASE62",
        "base62d": _HERE + "bases:BASE62D",
        "base64": _HERE + "bases:BASE64",
        "base64d": _HERE + "bases:BASE64D",
        "domain": _HERE + "addresses:DOMAIN",
        "escape": _HERE + "escaping:ESCAPE",
        "escape8bit": _HERE + "escaping:ESCAPE8BIT",
        "eval": _HERE + "arithmetic:EVAL",
        "eval10": _HERE + "arithmetic:EVAL10",
        "expand": _HERE + "expanding:EXPAND",
        "from_utf8": _HERE + "utf8:FROM_UTF8",
        "h": _HERE + "substrings:H",
        "hash": _HERE + "substrings:HASH",
        "headerwrap": _HERE + "headerwrap:HEADERWRAP",
        "hex2b64": _HERE + "bases:HEX2B64",
        "hexquote": _HERE + "escaping:HEXQUOTE",
        "ipv6denorm": _HERE + "ip:IPV6DENORM",
        "ipv6norm": _HERE + "ip:IPV6NORM",
        "l": _HERE + "substrings:L",
        "lc": _HERE + "case:LC",
        "length": _HERE + "substrings:LENGTH",
        "listcount": _HERE + "lists:LISTCOUNT",
        "listnamed": _HERE + "lists:LISTNAMED",
        "local_part": _HERE + "addresses:LOCAL_PART",
        "mask": _HERE + "ip:MASK",
        "md5": _HERE + "digests:MD5",
        "nh": _HERE + "substrings:NH",
        "nhash": _HERE + "substrings:NHASH",
        "quote": _HERE + "quoting:QUOTE",
        "quote_local_part": _HERE + "quoting:QUOTE_LOCAL_PART",
        "randint": _HERE + "arithmetic:RANDINT",
        "reverse_ip": _HERE + "ip:REVERSE_IP",
        "rfc2047": _HERE + "rfc2047:RFC2047",
        "rfc2047d": _HERE + "rfc2047:RFC2047D",
        "rxquote": _HERE + "escaping:RXQUOTE",
        "s": _HERE + "substrings:S",
        "sha1": _HERE + "digests:SHA1",
        "sha2": _HERE + "digests:SHA2",
        "sha256": _HERE + "digests:SHA256",
        "sha3": _HERE + "digests:SHA3",
        "stat": _HERE + "stat:STAT",
        "str2b64": _HERE + "bases:BASE64",
        "strlen": _HERE + "substrings:STRLEN",
        "substr": _HERE + "substrings:SUBSTR",
        "time_eval": _HERE + "times:TIME_EVAL",
        "time_interval": _HERE + "times:TIME_INTERVAL",
        "uc": _HERE + "case:UC",
        "utf8_domain_from_alabel": _HERE + "alabel:DOMAIN_FROM",
        "utf8_domain_to_alabel": _HERE + "alabel:DOMAIN_TO",
        "utf8_localpart_from_alabel": _HERE + "alabel:LOCALPART_FROM",
        "utf8_localpart_to_alabel": _HERE + "alabel:LOCALPART_TO",
        "utf8clean": _HERE + "utf8:UTF8CLEAN",
        "xtextd": _HERE + "escaping:XTEXTD",
    },
)

#: names with an underscore that are not a name and an argument
WITH_UNDERSCORE = frozenset(name for name in OPERATORS if "_" in name)
