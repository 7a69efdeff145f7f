"""The typed records of the hints databases and their stored form (JSON arrays; ratelimit and tls are binary).

A stored record that cannot be understood decodes to None: it is a hint, and is written anew.
"""

from __future__ import annotations

import json
import struct
from typing import Any, ClassVar, Final, Protocol, Self

from eximia.base.dataclass import dataclass
from eximia.protocols.mta_sts import StsPolicy

from .backend import REMOVED


class Record(Protocol):
    """What a table needs of a record class."""

    def encode(self) -> bytes: ...

    @classmethod
    def decode(cls, data: bytes) -> Self | None: ...


class Gone:
    """What takes the place of a record that is to be removed."""

    __slots__ = ()

    def encode(self) -> bytes:
        return REMOVED


GONE: Final = Gone()


def _dump(*fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _load(data: bytes, length: int) -> list[Any] | None:
    try:
        fields = json.loads(data)
    except ValueError:
        return None
    return fields if isinstance(fields, list) and len(fields) == length else None


@dataclass(frozen=True, slots=True)
class RetryRecord:
    """Database `retry` (manual chapter 32). Keys are Exim's: `R:domain`, `R:local@domain`, `T:host:address`..."""

    first_failed: int
    last_try: int
    next_try: int
    errno: int = 0
    more_errno: int = 0
    text: str = ""
    #: the retry rule's last cutoff has passed
    expired: bool = False

    def encode(self) -> bytes:
        return _dump(
            self.first_failed, self.last_try, self.next_try, self.errno, self.more_errno, self.text, int(self.expired)
        )

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        f = _load(data, 7)
        return None if f is None else cls(f[0], f[1], f[2], f[3], f[4], f[5], bool(f[6]))


@dataclass(frozen=True, slots=True)
class WaitRecord:
    """Database `wait-<transport>`: the messages that wait for a host, oldest first. The key is the host's name."""

    ids: tuple[str, ...]

    def encode(self) -> bytes:
        return _dump(*self.ids)

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        try:
            return cls(tuple(json.loads(data)))
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class CalloutDomain:
    """Database `callout`, by domain: what its hosts do with any address (manual 44.48).

    Results are "unknown", "accept", "reject"; `result` also "reject-mfnull": MAIL FROM:<> is refused.
    """

    result: str = "unknown"
    postmaster: str = "unknown"
    postmaster_time: int = 0
    random: str = "unknown"
    random_time: int = 0

    def encode(self) -> bytes:
        return _dump(self.result, self.postmaster, self.postmaster_time, self.random, self.random_time)

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        f = _load(data, 5)
        return None if f is None else cls(*f)


@dataclass(frozen=True, slots=True)
class CalloutAddress:
    """Database `callout`, by address (with `/<sender>` when a sender was used), also quota results."""

    accepted: bool

    def encode(self) -> bytes:
        return _dump("accept" if self.accepted else "reject")

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        f = _load(data, 1)
        return None if f is None else cls(f[0] == "accept")


@dataclass(frozen=True, slots=True)
class RateRecord:
    """Database `ratelimit` (manual 44.39): the smoothed rate at `time`, and with unique= the events of an epoch.

    `events` is a set of 8-byte digests, joined.
    """

    time: float
    rate: float
    epoch: float = 0.0
    events: bytes = b""

    _HEAD: ClassVar[struct.Struct] = struct.Struct("<ddd")

    def encode(self) -> bytes:
        return self._HEAD.pack(self.time, self.rate, self.epoch) + self.events

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        size = cls._HEAD.size
        if len(data) < size or (len(data) - size) % 8:
            return None
        time, rate, epoch = cls._HEAD.unpack_from(data)
        return cls(time, rate, epoch, data[size:])


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """Database `seen` (manual 44.38): when the key was noted."""

    time: float

    def encode(self) -> bytes:
        return _dump(self.time)

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        f = _load(data, 1)
        return None if f is None else cls(float(f[0]))


@dataclass(frozen=True, slots=True)
class GreylistRecord:
    """Database `greylist` (ours): when a key was first and last met, and when it passed (0: not yet)."""

    first: float
    last: float
    passed: float = 0.0
    attempts: int = 1

    def encode(self) -> bytes:
        return _dump(self.first, self.last, self.passed, self.attempts)

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        f = _load(data, 4)
        return None if f is None else cls(float(f[0]), float(f[1]), float(f[2]), int(f[3]))


@dataclass(frozen=True, slots=True)
class StsRecord:
    """Database `sts` (ours): the MTA-STS policy of a domain, the id of its DNS record, and until when it holds."""

    id: str
    expires: float
    policy: StsPolicy

    def encode(self) -> bytes:
        return _dump(self.id, self.expires, self.policy.mode, list(self.policy.hosts), self.policy.max_age)

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        f = _load(data, 5)
        return None if f is None else cls(f[0], float(f[1]), StsPolicy(f[2], tuple(f[3]), int(f[4])))


@dataclass(frozen=True, slots=True)
class MiscRecord:
    """Database `misc`: how many are at work on a key now (serialize_hosts, ETRN)."""

    count: int

    def encode(self) -> bytes:
        return _dump(self.count)

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        f = _load(data, 1)
        return None if f is None else cls(int(f[0]))


@dataclass(frozen=True, slots=True)
class EhloRecord:
    """Database `ehlo`: what a host that takes commands before its banner answered to EHLO. The key is
    `address:port`."""

    text: str

    def encode(self) -> bytes:
        return _dump(self.text)

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        f = _load(data, 1)
        return None if f is None else cls(str(f[0]))


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """Databases `dmarc` and `tlsrpt` (ours): messages or sessions that an aggregate report will count together. `text`
    is what they have in common and the policy that applied (`mailauth.dmarc.aggregate.pack`, `protocols.tlsrpt.pack`);
    times of the first and the last of them."""

    first: int
    last: int
    count: int
    text: str

    def encode(self) -> bytes:
        return _dump(self.first, self.last, self.count, self.text)

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        f = _load(data, 4)
        return None if f is None else cls(int(f[0]), int(f[1]), int(f[2]), str(f[3]))


@dataclass(frozen=True, slots=True)
class TlsRecord:
    """Database `tls`: a client session for resumption, and until when it is good."""

    expires: float
    session: bytes

    _HEAD: ClassVar[struct.Struct] = struct.Struct("<d")

    def encode(self) -> bytes:
        return self._HEAD.pack(self.expires) + self.session

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        if len(data) < 8:
            return None
        return cls(cls._HEAD.unpack_from(data)[0], data[8:])
