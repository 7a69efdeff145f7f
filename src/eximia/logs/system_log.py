"""Log lines to syslog (manual 53.4): priorities, splitting of long and many-line entries."""

from __future__ import annotations

import syslog

#: data characters in one call
LIMIT = 870

_PRIORITIES = {"main": syslog.LOG_INFO, "reject": syslog.LOG_NOTICE, "panic": syslog.LOG_ALERT}

_FACILITIES = {
    "mail": syslog.LOG_MAIL,
    "user": syslog.LOG_USER,
    "news": syslog.LOG_NEWS,
    "uucp": syslog.LOG_UUCP,
    "daemon": syslog.LOG_DAEMON,
    "authpriv": syslog.LOG_AUTHPRIV,
    "cron": syslog.LOG_CRON,
    **{f"local{n}": getattr(syslog, f"LOG_LOCAL{n}") for n in range(8)},
}


def facility(name: str) -> int | None:
    """The number for the option `syslog_facility`; None when there is no such facility."""
    return _FACILITIES.get(name.lower()) if name else syslog.LOG_MAIL


def pieces(text: str, limit: int = LIMIT) -> list[str]:
    """Cut an entry as Exim does: at newlines and after `limit` characters, numbered `[n/m]` (too long) or `[n\\m]`
    (a newline followed). An entry that needs no cut is unchanged."""
    cut: list[tuple[str, str]] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        end = "/" if number == len(lines) - 1 else "\\"
        while len(line) > limit:
            cut.append((line[:limit], "/"))
            line = line[limit:]
        cut.append((line, end))
    if len(cut) == 1:
        return [text]
    total = len(cut)
    return [f"[{number}{mark}{total}] {line}" for number, (line, mark) in enumerate(cut, 1)]


class SystemLog:
    """The connection to syslog. `ident` is `syslog_processname`, `facility_name` is `syslog_facility`."""

    __slots__ = ("_opened", "facility", "ident")

    def __init__(self, ident: str = "exim", facility_name: str = "mail") -> None:
        self.ident = ident
        self.facility = facility(facility_name) or syslog.LOG_MAIL
        self._opened = False

    def send(self, kind: str, text: str) -> None:
        """One entry of log `kind` ("main", "reject", "panic"), without its final newline."""
        if not self._opened:
            syslog.openlog(self.ident, syslog.LOG_PID | syslog.LOG_CONS, self.facility)
            self._opened = True
        for piece in pieces(text):
            syslog.syslog(_PRIORITIES[kind], piece)
