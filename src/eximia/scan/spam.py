"""Asking SpamAssassin or Rspamd about the message (manual 45.2, 45.3)."""

from __future__ import annotations

import random
import re
import time

from eximia.base.dataclass import dataclass, replace
from eximia.base.errors import Defer, ExpansionError, NetworkError
from eximia.base.listtext import split_list
from eximia.config.times import read_time
from eximia.context import Context
from eximia.expand import expand

from .mbox import mailbox
from .servers import ScanError, Server, connect, read_all, read_server

_TIMEOUT = 120
_MOST_SERVERS = 32
_LONGEST_BAR = 50
_NUMBER = r"(-?\d+(?:\.\d*)?)"
_NEW = re.compile(
    rf"SPAMD/\S+ 0 EX_OK\r\nContent-length: *\d+\s*\r\n\r\n{_NUMBER}/{_NUMBER}\r?\n(.*)", re.DOTALL | re.IGNORECASE
)
_OLD = re.compile(
    rf"SPAMD/\S+ 0 EX_OK\r\n(?:Content-length: *\d+\s*\r\n)?Spam: \S+ ; {_NUMBER} / {_NUMBER}\r\n\r\n(.*)",
    re.DOTALL | re.IGNORECASE,
)
_RSPAMD = re.compile(
    rf"RSPAMD/\S+ 0 EX_OK\r\nMetric: default; \S+ {_NUMBER} / {_NUMBER} / {_NUMBER}\r\n"
    r"(?:Action: ([^\r\n]*)\r?\n)?(.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class SpamServer:
    """One item of `spamd_address`."""

    server: Server
    priority: int = 1
    weight: int = 1
    #: seconds of the local day between which it is used
    start: int = 0
    end: int = 86400
    retry: int = 0
    timeout: int = _TIMEOUT
    rspamd: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """What the daemon says."""

    score: float
    threshold: float
    action: str
    report: str

    @property
    def spam(self) -> bool:
        return self.score >= self.threshold


def spam(ctx: Context, user: str) -> bool:
    """Whether the message counts as spam for `user`. Sets `$spam_score` and its kin. Raises Defer, the reason
    logged."""
    notes = ctx.message.notes
    setting = ctx.process.main.spamd_address
    constant = not setting.text.startswith("$")
    known = notes.get("spam")
    if constant and known is not None and known[0] == user:
        return bool(known[1])
    try:
        text = setting.text if constant else expand(setting, ctx)
        score = _ask(ctx, user, text)
    except ExpansionError as error:
        _panic(ctx, f"spamd_address starts with $, but expansion failed: {error.message}")
        raise Defer("") from error
    except ScanError as error:
        if not error.quiet:
            _panic(ctx, error.message)
        raise Defer("") from error
    ctx.message.spam.update(variables(score))
    notes["spam"] = (user, score.spam)
    return score.spam


def variables(score: Score) -> dict[str, str]:
    """The values of the variables."""
    count = min(_LONGEST_BAR, abs(int(score.score)))
    report = score.report.replace("\r", "").replace("\n", "\n ").rstrip("".join(map(chr, range(33))))
    return {
        "spam_score": f"{score.score:.1f}",
        "spam_score_int": str(int((score.score + 0.001) * 10)),
        "spam_bar": ("+" if score.score > 0 else "-") * count or "/",
        "spam_report": report,
        "spam_action": score.action,
    }


def _ask(ctx: Context, user: str, text: str) -> Score:
    servers = [server for item in split_list(text)[:_MOST_SERVERS] if (server := read(ctx, item)) is not None]
    now = time.localtime(ctx.process.ports.clock.time())
    second = now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec
    servers = [server for server in servers if server.start <= second <= server.end]
    if not servers:
        raise ScanError("no useable spamd server addresses in spamd_address configuration option.")
    until = 0.0
    while servers:
        chosen = choose(servers)
        servers.remove(chosen)
        until = ctx.process.ports.clock.monotonic() + chosen.timeout
        try:
            stream = connect(ctx, chosen.server, chosen.timeout, chosen.retry)
        except ScanError as error:
            ctx.process.log.main(f"spam acl condition: spamd: {error.message}", ctx.message.id)
            continue
        where = str(ctx.session.notes["callout_address"])
        try:
            data = mailbox(ctx)
            head = _rspamd_head(ctx, len(data)) if chosen.rspamd else _spamd_head(user, len(data))
            stream.send(head.encode("latin-1") + data)
            if not chosen.rspamd:
                stream.shutdown()
            answer = read_all(ctx, stream, until).decode("latin-1")
        except NetworkError as error:
            raise ScanError(f"error reading from spamd {where}, socket: {error.message}") from error
        finally:
            stream.close()
        return parse(answer, where, rspamd=chosen.rspamd)
    raise ScanError("all spamd servers failed")


def read(ctx: Context, item: str) -> SpamServer | None:
    """One item of the list; None when it is wrong, which is logged."""
    try:
        server, words = read_server(item)
    except ScanError as error:
        _warn(ctx, error.message)
        return None
    made = SpamServer(server)
    for word in words:
        name, _, value = word.partition("=")
        seconds = read_time(value)
        if name == "variant":
            made = replace(made, rspamd=value == "rspamd")
        elif name == "pri" and value.isdigit():
            made = replace(made, priority=int(value))
        elif name == "weight" and value.isdigit() and int(value) > 0:
            made = replace(made, weight=int(value))
        elif name == "retry" and seconds is not None:
            made = replace(made, retry=seconds)
        elif name == "tmo" and seconds is not None:
            made = replace(made, timeout=seconds)
        elif name == "time" and (span := _span(value)) is not None:
            made = replace(made, start=span[0], end=span[1])
        else:
            _warn(ctx, f"invalid spamd parameter: '{word}'")
    return made


def _span(value: str) -> tuple[int, int] | None:
    start, dash, end = value.partition("-")
    low, high = _of_day(start), _of_day(end)
    return (low, high) if dash and low is not None and high is not None else None


def _of_day(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) > 3 or not all(part.isdigit() for part in parts):
        return None
    hour, minute, second = [*map(int, parts), 0, 0][:3]
    return hour * 3600 + minute * 60 + second


def choose(servers: list[SpamServer]) -> SpamServer:
    """One of those with the highest priority, at random by weight."""
    top = max(server.priority for server in servers)
    best = [server for server in servers if server.priority == top]
    return random.choices(best, [server.weight for server in best])[0]


def _spamd_head(user: str, size: int) -> str:
    return f"REPORT SPAMC/1.2\r\nUser: {user}\r\nContent-length: {size}\r\n\r\n"


def _rspamd_head(ctx: Context, size: int) -> str:
    message, session = ctx.message, ctx.session
    lines = [
        "CHECK RSPAMC/1.3",
        f"Content-length: {size}",
        f"Queue-Id: {message.id}",
        f"From: <{message.sender_address}>",
        f"Recipient-Number: {len(message.recipients)}",
        *(f"Rcpt: <{recipient.address}>" for recipient in message.recipients),
    ]
    for name, value in (
        ("Helo", session.sender_helo_name),
        ("Hostname", session.sender_host_name),
        ("IP", session.sender_host_address),
        ("User", session.authenticated_id),
    ):
        if value:
            lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""])


def parse(answer: str, where: str, *, rspamd: bool) -> Score:
    """Raises ScanError."""
    found = _RSPAMD.match(answer) if rspamd else _NEW.match(answer) or _OLD.match(answer)
    if found is None:
        raise ScanError(f"cannot parse spamd {where}{',' if rspamd else ''} output{': 0' if rspamd else ''}")
    score, threshold = float(found[1]), float(found[2])
    if rspamd:
        return Score(score, threshold, found[4] or "", found[5])
    return Score(score, threshold, "reject" if score >= threshold else "no action", found[3])


def _panic(ctx: Context, text: str) -> None:
    ctx.process.log.panic(f"spam acl condition: {text}", ctx.message.id)


def _warn(ctx: Context, text: str) -> None:
    ctx.process.log.main(f"spam acl condition: warning - {text}", ctx.message.id)
