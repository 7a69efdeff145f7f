"""`greylist`, a condition of ours: this client has not come back yet, so that it is to be deferred.

`greylist = 5m / window=1d / keep=35d / auto=5 / net4=24 / net6=64 / key=... / readonly`; docs/greylisting.md.
"""

from __future__ import annotations

from ipaddress import ip_network

from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.phases import DATA, MAIL, PRDR, PREDATA, RCPT, all_but
from eximia.acl.run import Run
from eximia.base.dataclass import dataclass
from eximia.base.listtext import split_list
from eximia.base.text import Untainted
from eximia.config.times import read_time
from eximia.hints import GreylistRecord

_TIMES = ("window", "keep")
_NUMBERS = ("auto", "net4", "net6")


@dataclass(slots=True)
class _Wanted:
    """Seconds: how long a client must wait, until when it must have come back, how long it is then known. `auto`: a
    network that passed so often passes always (0: never)."""

    delay: int
    window: int = 86400
    keep: int = 35 * 86400
    auto: int = 0
    net4: int = 24
    net6: int = 64
    key: str = ""
    readonly: bool = False


def _check(one: Run, text: str) -> bool:
    items = split_list(text, "/")
    if not items or items[0].lower() in ("0", "false"):
        return False
    wanted = _parse(items, text)
    session = one.ctx.session
    if not session.sender_host_address:
        return False
    network = _network(wanted, session.sender_host_address)
    now = one.ctx.process.ports.clock.time()
    if wanted.auto and _known(one, wanted, network, now):
        return _told(one, 0, network)
    key = wanted.key or _usual_key(one, network)
    left = _meet(one, wanted, key, now)
    if left <= 0 and wanted.auto and not wanted.readonly:
        _note_passed(one, network, key, now)
    return _told(one, left, key)


def _parse(items: list[str], text: str) -> _Wanted:
    delay = read_time(items[0])
    if delay is None:
        raise AclError(f"greylist: bad time in '{text}'")
    wanted = _Wanted(delay)
    for item in items[1:]:
        name, _, value = item.partition("=")
        number = read_time(value) if name in _TIMES else int(value) if value.isdigit() else None
        if item == "readonly":
            wanted.readonly = True
        elif name == "key" and value:
            wanted.key = value
        elif name in (*_TIMES, *_NUMBERS) and number is not None:
            setattr(wanted, name, number)
        else:
            raise AclError(f"greylist: unrecognised option '{item}' in '{text}'")
    return wanted


def _network(wanted: _Wanted, address: str) -> str:
    """The client's network: big senders come back from another host."""
    bits = min(wanted.net6, 128) if ":" in address else min(wanted.net4, 32)
    return str(ip_network(f"{address}/{bits}", strict=False))


def _usual_key(one: Run, network: str) -> str:
    sender = one.ctx.message.sender_address.lower()
    address = one.ctx.address
    recipient = f"{address.local_part}@{address.domain}".lower() if one.phase is RCPT else ""
    return f"{network} {sender} {recipient}".rstrip()


def _meet(one: Run, wanted: _Wanted, key: str, now: float) -> float:
    """Note the attempt; how many seconds are left until it passes."""
    left = 0.0

    def change(old: GreylistRecord | None) -> GreylistRecord | None:
        nonlocal left
        left = 0.0
        if old is not None and old.passed and now - old.last <= wanted.keep:
            return GreylistRecord(old.first, now, old.passed, old.attempts + 1)
        if old is None or old.passed or now - old.first > wanted.window:
            left = wanted.delay
            return GreylistRecord(now, now)
        left = old.first + wanted.delay - now
        return GreylistRecord(old.first, now, 0.0 if left > 0 else now, old.attempts + 1)

    table = one.ctx.process.hints.greylist
    if wanted.readonly:
        change(table.get(key))
    else:
        table.update(key, change)
    return left


def _known(one: Run, wanted: _Wanted, network: str, now: float) -> bool:
    record = one.ctx.process.hints.greylist.get(f"passed {network}")
    return record is not None and record.attempts >= wanted.auto and now - record.last <= wanted.keep


def _note_passed(one: Run, network: str, key: str, now: float) -> None:
    """Count the keys of a network that passed, each once."""
    record = one.ctx.process.hints.greylist.get(key)
    if record is None or record.passed != now:
        return

    def change(old: GreylistRecord | None) -> GreylistRecord | None:
        if old is None:
            return GreylistRecord(now, now, now)
        return GreylistRecord(old.first, now, now, old.attempts + 1)

    one.ctx.process.hints.greylist.update(f"passed {network}", change)


def _told(one: Run, left: float, key: str) -> bool:
    variables = one.ctx.message.variables
    variables["greylist_wait"] = Untainted(max(0, int(left + 0.999)))
    variables["greylist_key"] = key
    return left > 0


GREYLIST = Handler("greylist", _check, forbidden=all_but(MAIL, RCPT, PREDATA, PRDR, DATA))
