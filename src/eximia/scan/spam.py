"""Asking SpamAssassin or Rspamd about the message (manual 45.2, 45.3)."""

from __future__ import annotations

import re

from eximia.base.dataclass import dataclass
from eximia.base.errors import Defer, ExpansionError, NetworkError
from eximia.context import Context
from eximia.dns.hosts import find_sender_host_name
from eximia.expand import expand

from .mbox import mailbox
from .servers import ScanError, read_all
from .spam_servers import reached

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
    r"((?:Action: ([^\r\n]*)\r?\n)?.*)",
    re.DOTALL,
)


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
        score = ask(ctx, user, text)
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
    white = "".join(map(chr, range(33)))
    report = score.report.lstrip(white).replace("\r", "").replace("\n", "\n ").rstrip(white)
    return {
        "spam_score": f"{score.score:.1f}",
        "spam_score_int": str(int((score.score + 0.001) * 10)),
        "spam_bar": ("+" if score.score > 0 else "-") * count or "/",
        "spam_report": report,
        "spam_action": score.action,
    }


def ask(ctx: Context, user: str, text: str) -> Score:
    """What the first server of the list `text` that can be reached says. Raises ScanError."""
    for stream, where, until, server in reached(ctx, "spamd_address", text, "spamd"):
        try:
            data = mailbox(ctx)
            head = _rspamd_head(ctx, len(data)) if server.rspamd else _spamd_head(user, len(data))
            stream.send(head.encode("latin-1") + data)
            if not server.rspamd:
                stream.shutdown()
            answer = read_all(ctx, stream, until).decode("latin-1")
        except NetworkError as error:
            raise ScanError(f"error reading from spamd {where}, socket: {error.message}") from error
        finally:
            stream.close()
        return parse(answer, where, rspamd=server.rspamd)
    raise ScanError("all spamd servers failed")


def _spamd_head(user: str, size: int) -> str:
    return f"REPORT SPAMC/1.2\r\nUser: {user}\r\nContent-length: {size}\r\n\r\n"


def _rspamd_head(ctx: Context, size: int) -> str:
    message, session = ctx.message, ctx.session
    find_sender_host_name(ctx)
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
        return Score(score, threshold, found[5] or "", found[4])
    return Score(score, threshold, "reject" if score >= threshold else "no action", found[3])


def _panic(ctx: Context, text: str) -> None:
    ctx.process.log.panic(f"spam acl condition: {text}", ctx.message.id)
