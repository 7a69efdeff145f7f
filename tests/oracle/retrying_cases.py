"""Hosts in retry: what is said when nothing was tried, and when all have been failing for a long time."""

from __future__ import annotations

from typing import Any

from .session_world import ROUTERS, TRANSPORTS, Dialogue

DOWN = TRANSPORTS.replace("@P1", "1")
AGAIN = ("-odi", "-f", "s@from.example", "joe@y.example")
TWO = ("-odi", "-f", "s@from.example", "joe@z.example", "ann@y.example")
TWO_HOSTS = ROUTERS.replace("* 127.0.0.1", "* 127.0.0.1::1:127.0.0.2::1")


def down(*then: Any, **more: Any) -> Dialogue:
    return Dialogue(**{"transports": DOWN, "then": then, **more})


def expired(*then: Any, **more: Any) -> Dialogue:
    """The last cutoff of the only host has passed, and its next retry time is far away."""
    return down(("sleep", "2.2"), ("-qf",), *then, retry="* * F,1s,1h\n", **more)


CASES = {
    "not reached": down(AGAIN),
    "not reached, two domains": down(TWO),
    "not reached, two hosts": down(AGAIN, routers=TWO_HOSTS),
    "not reached in a queue run": down(("-q",)),
    "reached in a forced run": down(("-qf",)),
    "no retry rule": down(AGAIN, retry=""),
    "one host works": down(
        AGAIN, transports=TRANSPORTS, routers=ROUTERS.replace("* 127.0.0.1", "* 127.0.0.1::1:127.0.0.1::@P1")
    ),
    "expired": expired(AGAIN),
    "expired, two domains": expired(TWO),
    "expired, two hosts": expired(AGAIN, routers=TWO_HOSTS),
    "expired, no delay": expired(AGAIN, transports=DOWN + " delay_after_cutoff = false\n"),
    "by name of the host only": down(AGAIN, transports=DOWN + " retry_include_ip_address = false\n"),
    "recipient deferred": Dialogue(peers=[{"rules": [("RCPT", b"450 later\r\n")]}], then=[AGAIN]),
    "recipient deferred, other sender": Dialogue(
        peers=[{"rules": [("RCPT", b"450 later\r\n")]}], then=[("-odi", "-f", "t@from.example", "joe@y.example")]
    ),
    "recipient deferred, sender not looked at": Dialogue(
        peers=[{"rules": [("RCPT", b"450 later\r\n")]}],
        transports=TRANSPORTS + " address_retry_include_sender = false\n",
        then=[("-odi", "-f", "t@from.example", "joe@y.example")],
    ),
    "message deferred": Dialogue(peers=[{"rules": [("MAIL", b"450 later\r\n")]}], then=[AGAIN, ("-q",)]),
    "child with the name of its parent": Dialogue(
        routers='al:\n driver = redirect\n local_parts = joe\n data = "joe@y.example, zed@y.example"\n' + ROUTERS,
        peers=[{"rules": [("RCPT TO:<zed", b"450 later\r\n")]}],
        then=[("-qf",)],
    ),
    "quota of a mailbox": Dialogue(
        routers="l:\n driver = accept\n transport = l\n",
        transports="l:\n driver = appendfile\n file = @D/box/m\n user = Debian-exim\n quota = 10\n",
        then=[("-q",)],
    ),
}
