"""What callouts found out before (manual 44.48). Database `callout`: a record for each domain, and for each address."""

from __future__ import annotations

from eximia.acl.run import Run
from eximia.base.dataclass import replace
from eximia.base.namedtuple import NamedTuple
from eximia.base.text import lower
from eximia.hints import CalloutAddress, CalloutDomain

from .options import CalloutOptions

#: how long the answer for a random local part is believed, seconds
_RANDOM_ACCEPT_KEPT = 86400
_RANDOM_REJECT_KEPT = 28800


class Known(NamedTuple):
    """What the cache says. `verdict`: "" (call), "ok" or "fail"; `kind`, `text`: why; `need_random`,
    `need_postmaster`: these checks are still to be made."""

    verdict: str
    kind: str = ""
    text: str = ""
    need_random: bool = False
    need_postmaster: bool = False


class CalloutCache:
    """The cache for one callout to `address`, with `mail_from` in the MAIL command."""

    __slots__ = ("_address_key", "_domain", "_domain_key", "_mail_from", "_one", "_options")

    def __init__(self, one: Run, address: str, mail_from: str, options: CalloutOptions) -> None:
        self._one = one
        self._options = options
        self._mail_from = mail_from
        self._domain_key = lower(address.rpartition("@")[2])
        self._address_key = f"{address}/<{mail_from}>" if mail_from else address
        self._domain = CalloutDomain()

    def look(self) -> Known:
        """What is known and not too old."""
        one, options = self._one, self._options
        if not options.cache:
            self._say("disabled by no_cache")
            return Known("", need_random=options.random, need_postmaster=options.postmaster_from is not None)
        main = one.ctx.process.main
        now = one.ctx.process.ports.clock.time()
        need_random = options.random
        need_postmaster = options.postmaster_from is not None
        found = one.ctx.process.hints.callout_domains.entry(self._domain_key)
        if found is not None:
            self._domain, written = found
            negative = self._domain.result.startswith("reject")
            limit = main.callout_domain_negative_expire if negative else main.callout_domain_positive_expire
            if now - written > limit:
                self._say(f"domain record expired for {self._domain_key}")
                self._domain = CalloutDomain()
            else:
                self._say(f"found domain record for {self._domain_key}")
                known = self._from_domain(now, need_random, need_postmaster)
                if known.verdict:
                    return known
                need_random, need_postmaster = known.need_random, known.need_postmaster
        else:
            self._say(f"no domain record found for {self._domain_key}")
        record = one.ctx.process.hints.callout_addresses.entry(self._address_key)
        if record is not None:
            accepted = record[0].accepted
            limit = main.callout_positive_expire if accepted else main.callout_negative_expire
            if now - record[1] > limit:
                self._say(f"address record expired for {self._address_key}")
            else:
                self._say(f"found address record for {self._address_key}")
                self._say(f"address record is {'positive' if accepted else 'negative'}")
                if not accepted:
                    return Known("fail", "recipient", "Previous (cached) callout verification failure")
                if not need_postmaster:
                    return Known("ok")
        else:
            self._say(f"no address record found for {self._address_key}")
        return Known("", need_random=need_random, need_postmaster=need_postmaster)

    def _from_domain(self, now: float, need_random: bool, need_postmaster: bool) -> Known:
        domain = self._domain
        if domain.result == "reject" or (domain.result == "reject-mfnull" and not self._mail_from):
            self._say("domain gave initial rejection, or does not accept HELO or MAIL FROM:<>")
            return Known("fail", "mail", "(result of an earlier callout reused).")
        if need_random:
            age = now - domain.random_time
            if domain.random == "accept" and age <= _RANDOM_ACCEPT_KEPT:
                self._say("domain accepts random addresses")
                return Known("ok", "random")
            if domain.random == "reject" and age <= _RANDOM_REJECT_KEPT:
                self._say("domain rejects random addresses")
                need_random = False
        if need_postmaster:
            if domain.postmaster == "reject":
                self._say("domain does not accept RCPT TO:<postmaster@domain>")
                return Known("fail", "postmaster", "(result of earlier verification reused).")
            if domain.postmaster == "accept":
                self._say("domain accepts RCPT TO:<postmaster@domain>")
                need_postmaster = False
        return Known("", need_random=need_random, need_postmaster=need_postmaster)

    def note_domain(self, **changes: str) -> None:
        """Change the domain's record in memory: `result`, `postmaster`, `random`."""
        now = int(self._one.ctx.process.ports.clock.time())
        for name, value in changes.items():
            if name == "result":
                self._domain = replace(self._domain, result=value)
            elif name == "postmaster":
                self._domain = replace(self._domain, postmaster=value, postmaster_time=now)
            else:
                self._domain = replace(self._domain, random=value, random_time=now)

    def store(self, *, domain: bool, accepted: bool | None) -> None:
        """Write the domain's record if `domain`, and the address's unless `accepted` is None."""
        if not self._options.cache:
            return
        hints = self._one.ctx.process.hints
        if domain:
            hints.callout_domains.put(self._domain_key, self._domain)
            self._say_plain(f"wrote callout cache domain record for {self._domain_key}")
        if accepted is not None:
            hints.callout_addresses.put(self._address_key, CalloutAddress(accepted))
            word = "positive" if accepted else "negative"
            self._say_plain(f"wrote {word} callout cache address record for {self._address_key}")

    def _say(self, text: str) -> None:
        self._say_plain(f"callout cache: {text}")

    def _say_plain(self, text: str) -> None:
        if self._one.debug:
            self._one.say(text)
