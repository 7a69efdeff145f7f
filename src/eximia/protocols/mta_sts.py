"""MTA-STS as text: the DNS record, the policy, and which hosts a policy allows (RFC 8461 3.1, 3.2, 4.1).

Fetching and remembering policies is `transports.smtp.mta_sts`.
"""

from __future__ import annotations

from eximia.base.namedtuple import NamedTuple
from eximia.base.pattern import pattern

#: of a policy that is read (RFC 8461 3.3 suggests it)
MOST_BYTES = 65536
#: the longest life that a policy may claim, in seconds (RFC 8461 3.2)
LONGEST_LIFE = 31557600
_MOST_PATTERNS = 512
_ID = pattern(r"[A-Za-z0-9]{1,32}\Z")
_NAME = pattern(r"(\*\.)?[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?\Z")


class PolicyError(Exception):
    """A policy that cannot be used; the text says why."""


class StsPolicy(NamedTuple):
    """`mode` is `enforce`, `testing` or `none`; `hosts` are names or `*.name`; `max_age` in seconds."""

    mode: str
    hosts: tuple[str, ...]
    max_age: int

    def allows(self, host: str) -> bool:
        """Whether mail may go to this host. A `*` stands for exactly one label."""
        name = host.lower().removesuffix(".")
        _, _, parent = name.partition(".")
        return any(parent == one[2:] if one.startswith("*.") else name == one for one in self.hosts)


def record_id(texts: list[bytes]) -> str | None:
    """The id of the only MTA-STS record among the TXT records of `_mta-sts.DOMAIN`; None: the domain has no policy."""
    found = [text for text in texts if _is_record(text)]
    if len(found) != 1:
        return None
    for part in found[0].decode("latin-1").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip() == "id" and _ID.match(value.strip()):
            return value.strip()
    return None


def _is_record(text: bytes) -> bool:
    head, separator, _ = text.partition(b";")
    return bool(separator) and head.rstrip() == b"v=STSv1"


def parse_policy(text: str) -> StsPolicy:
    """Read a policy. Raises PolicyError."""
    values: dict[str, str] = {}
    hosts: list[str] = []
    for line in text.split("\n"):
        name, colon, value = line.strip().partition(":")
        name, value = name.strip(), value.strip()
        if not colon:
            if name:
                raise PolicyError("a line of the policy has no colon")
        elif name == "mx":
            if not _NAME.match(value) or len(value) > 255:
                raise PolicyError("the policy has a malformed mx")
            hosts.append(value.lower().removesuffix("."))
        else:
            values.setdefault(name, value)
    if values.get("version") != "STSv1":
        raise PolicyError("the policy has no version STSv1")
    mode = values.get("mode", "")
    if mode not in ("enforce", "testing", "none"):
        raise PolicyError("the policy has no known mode")
    age = values.get("max_age", "")
    if not age.isascii() or not age.isdigit() or len(age) > 10:
        raise PolicyError("the policy has no max_age")
    if mode != "none" and not hosts:
        raise PolicyError("the policy names no mx")
    if len(hosts) > _MOST_PATTERNS:
        raise PolicyError("the policy names too many hosts")
    return StsPolicy(mode, tuple(hosts), min(int(age), LONGEST_LIFE))
