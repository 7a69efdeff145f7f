"""SPF checks with cached answers, beside pyspf: `python -m bench.spf PYTHON`, an interpreter that has pyspf.

The same records, from dictionaries in both: what is measured is the check, not the DNS.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from eximia.mailauth.spf import Asked, check_host
from eximia.mailauth.zone import Zone

#: what large providers publish: includes of includes with many networks
ZONE = {
    "mailer.example": [{"type": "TXT", "value": "v=spf1 include:_spf.mailer.example include:other.example ~all"}],
    "_spf.mailer.example": [
        {"type": "TXT", "value": "v=spf1 include:_n1.mailer.example include:_n2.mailer.example ~all"}
    ],
    "_n1.mailer.example": [
        {"type": "TXT", "value": "v=spf1 " + " ".join(f"ip4:10.{n}.0.0/17" for n in range(16)) + " ~all"}
    ],
    "_n2.mailer.example": [
        {"type": "TXT", "value": "v=spf1 " + " ".join(f"ip6:2001:db8:{n:x}::/48" for n in range(16)) + " ~all"}
    ],
    "other.example": [
        {"type": "TXT", "value": "v=spf1 a mx ip4:192.0.2.0/24 -all"},
        {"type": "A", "value": "10.9.9.9"},
    ],
    "host.example": [{"type": "A", "value": "198.51.100.5"}],
    "small.example": [
        {"type": "TXT", "value": "v=spf1 a mx -all"},
        {"type": "A", "value": "198.51.100.7"},
        {"type": "MX", "value": [10, "host.example"]},
    ],
    "macro.example": [{"type": "TXT", "value": "v=spf1 exists:%{ir}.%{v}.list.macro.example -all"}],
    "1.2.0.192.in-addr.list.macro.example": [{"type": "A", "value": "127.0.0.2"}],
}
CASES = [
    ("includes, the last matches", "192.0.2.1", "mailer.example"),
    ("a and mx", "198.51.100.5", "small.example"),
    ("macros", "192.0.2.1", "macro.example"),
    ("nothing matches", "203.0.113.1", "mailer.example"),
]

_THEIRS = """
import json, sys, time
import spf
zone, cases, seconds = json.load(sys.stdin)
def records(name, qtype, **_):
    for one in zone.get(name.lower().rstrip("."), []):
        if one["type"] == qtype:
            value = one["value"]
            if qtype == "TXT":
                value = (value.encode(),)
            elif qtype == "MX":
                value = tuple(value)
            elif qtype in ("A", "AAAA"):
                import ipaddress
                value = str(ipaddress.ip_address(value))
            yield (name, qtype), value
spf.DNSLookup = lambda name, qtype, tcpfallback=True, timeout=20: list(records(name, qtype))
found = []
for _, ip, domain in cases:
    result = spf.check2(i=ip, s="user@" + domain, h="mail." + domain)[0]
    rounds, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        spf.check2(i=ip, s="user@" + domain, h="mail." + domain)
        rounds += 1
    found.append((result, (time.perf_counter() - began) / rounds))
json.dump(found, sys.stdout)
"""


def ours(seconds: float) -> list[tuple[str, float]]:
    """Result and seconds for each case."""
    answers = {}
    zone = Zone(ZONE)

    def ask(name: str, rtype: str) -> object:
        # The server's cache: a dictionary by name and type.
        key = (name.lower(), rtype)
        if key not in answers:
            answers[key] = zone.query(name, rtype)
        return answers[key]

    found = []
    for _, address, domain in CASES:
        asked = Asked(address, f"user@{domain}", f"mail.{domain}")
        result = check_host(ask, asked, domain).result  # type: ignore[arg-type]
        rounds, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            check_host(ask, asked, domain)  # type: ignore[arg-type]
            rounds += 1
        found.append((result, (time.perf_counter() - began) / rounds))
    return found


def theirs(python: str, seconds: float) -> list[tuple[str, float]]:
    done = subprocess.run(
        [python, "-c", _THEIRS], input=json.dumps([ZONE, CASES, seconds]), capture_output=True, text=True, check=True
    )
    return [(result, each) for result, each in json.loads(done.stdout)]


def main(arguments: list[str]) -> int:
    seconds = 1.0
    mine = ours(seconds)
    other = theirs(arguments[0], seconds) if arguments else [("", 0.0)] * len(mine)
    for (name, _, _), (result, each), (their_result, their_each) in zip(CASES, mine, other, strict=True):
        line = f"{name:30} {result:9} {each * 1e6:8.1f} us"
        if their_each:
            line += f"   pyspf {their_result:9} {their_each * 1e6:8.1f} us   {their_each / each:5.1f} times"
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
