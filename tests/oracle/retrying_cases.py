"""Hosts in retry: what is said when nothing was tried, and when all have been failing for a long time."""

from __future__ import annotations

from typing import Any

from .session_world import DATA, EHLO, ENVELOPE, QUIT, ROUTERS, TRANSPORTS, Dialogue

DOWN = TRANSPORTS.replace("@P1", "1")
AGAIN = ("-odi", "-f", "s@from.example", "joe@y.example")
TWO = ("-odi", "-f", "s@from.example", "joe@z.example", "ann@y.example")
TWO_HOSTS = ROUTERS.replace("* 127.0.0.1", "* 127.0.0.1::1:127.0.0.2::1")


def down(*then: Any, **more: Any) -> Dialogue:
    return Dialogue(**{"transports": DOWN, "then": then, **more})


def expired(*then: Any, **more: Any) -> Dialogue:
    """The last cutoff of the only host has passed, and its next retry time is far away."""
    return down(("sleep", "2.2"), ("-qf",), *then, retry="* * F,1s,1h\n", **more)


def local(transport: str, *then: Any) -> Dialogue:
    return Dialogue(
        routers="r:\n driver = accept\n transport = t\n",
        transports=f"t:\n{transport}\n user = Debian-exim\n",
        then=then,
    )


def once(makes: dict[str, str], *put_off: str, often: str = "", to: tuple[str, ...] = ("joe",)) -> Dialogue:
    """Redirections that hold for the first attempt only (`often`: but not this one's), and three more attempts."""
    routers = "".join(
        f"o_{name}:\n driver = redirect\n local_parts = {name}\n data = {children}\n"
        + ("" if name == often else " one_time\n")
        for name, children in makes.items()
    )
    recipients = "".join(f"RCPT TO:<{name}@y.example>\r\n" for name in to)
    return Dialogue(
        said=f"{EHLO}MAIL FROM:<s@from.example>\r\n{recipients}{DATA}{QUIT}",
        main="remote_max_parallel = 1\n",
        routers=routers + ROUTERS,
        peers=[{"rules": [(f"RCPT TO:<{name}@", b"450 later\r\n") for name in put_off]}],
        then=[("-bp",), ("-qf",), ("-bp",), ("-qf",)],
        ignore=r"^ *0m ",
    )


def secondaries(options: str) -> Dialogue:
    """Five hosts that refuse connections, each with an MX value of its own."""
    zone = "".join(f"y.example MX {n}0 h{n}.example\nh{n}.example A 127.0.0.{n + 1}\n" for n in range(1, 6))
    return Dialogue(
        zone=f"{zone}from.example A 10.1.1.8\n",
        main="dns_ipv4_lookup = *\n",
        routers="d:\n driver = dnslookup\n transport = t\n self = send\n",
        transports=DOWN + options,
        then=[AGAIN, ("-q",), ("-qf",), AGAIN],
    )


CASES = {
    "redirected once": once({"joe": "a@y.example, b@y.example, c@y.example"}, "b", "c"),
    "redirected once, to itself": once({"joe": "joe@y.example, b@y.example"}, "joe"),
    "redirected once, and again": once({"joe": "a@y.example, b@y.example", "a": "c@y.example, d@y.example"}, "b", "d"),
    "redirected once, below another": once(
        {"joe": "a@y.example, x@y.example", "a": "c@y.example, d@y.example"}, "d", "x", often="joe"
    ),
    "redirected once, two lists": once(
        {"joe": "a@y.example, b@y.example", "ann": "a@y.example, b@y.example"}, "b", to=("joe", "ann")
    ),
    "two of five hosts": secondaries(" hosts_max_try = 2\n"),
    "three of five hosts": secondaries(" hosts_max_try = 1\n hosts_max_try_hardlimit = 3\n"),
    "data of hosts expires": down(("sleep", "2.2"), AGAIN, ("-q",), main="retry_data_expire = 1s\n"),
    "data of a message expires": Dialogue(
        peers=[{"rules": [("MAIL", b"450 later\r\n")]}],
        main="retry_data_expire = 1s\n",
        then=[("sleep", "2.2"), ("-q",)],
    ),
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
    "expired, beside a host that does not exist": expired(
        AGAIN,
        routers="d:\n driver = dnslookup\n transport = t\n",
        main="dns_ipv4_lookup = *\n",
        zone="y.example MX 10 gone.example\ny.example MX 20 h.example\nh.example A 10.1.1.9\nfrom.example A 10.1.1.8\n",
        ignore="from.example|10.1.1.8",
    ),
    "authentication that is not offered": Dialogue(transports=TRANSPORTS + " hosts_require_auth = *\n", then=[AGAIN]),
    "authentication that is not offered, no retries": Dialogue(
        transports=TRANSPORTS + " hosts_require_auth = *\n", retry="* auth_failed\n* * F,1h,10m\n"
    ),
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
    "refused by the greeting": Dialogue(peers=[{"banner": b"554 no service here\r\n"}], then=[AGAIN, ("-q",)]),
    "first host refused, recipient unknown to the second": Dialogue(
        routers=ROUTERS.replace("* 127.0.0.1", "* 127.0.0.1::1:127.0.0.1::@P1"),
        peers=[{"rules": [("RCPT", b"550 unknown\r\n")]}],
        then=[AGAIN],
    ),
    "LMTP recipient deferred after the data": Dialogue(
        transports=TRANSPORTS + " protocol = lmtp\n",
        peers=[{"rules": [("LHLO", b"250 hello\r\n"), (".", b"452 later\r\n")]}],
        then=[("-q",), ("-odi", "-f", "t@from.example", "joe@y.example")],
    ),
    "PRDR recipient deferred": Dialogue(
        said=EHLO + ENVELOPE + "RCPT TO:<ann@y.example>\r\n" + DATA + QUIT,
        transports=TRANSPORTS + " hosts_try_prdr = *\n",
        peers=[{"ehlo": ("PRDR",), "rules": [(".", b"353 each\r\n250 joe\r\n452 ann later\r\n250 all\r\n")]}],
        then=[("-q",)],
    ),
    "no answer to RCPT": Dialogue(
        transports=TRANSPORTS + " command_timeout = 1s\n",
        peers=[{"ehlo": ("PIPELINING",), "rules": [("RCPT", b""), ("DATA", b"")]}],
        then=[("-odi", "-f", "t@from.example", "joe@y.example")],
    ),
    "the filter of a file fails": local(
        " driver = appendfile\n file = @D/box/m\n transport_filter = /bin/false", ("-q",)
    ),
    "the filter of a directory is missing": local(
        " driver = appendfile\n directory = @D/box/d\n maildir_format\n transport_filter = /bin/nosuch"
    ),
    "the filter of a pipe fails": local(" driver = pipe\n command = /bin/cat\n transport_filter = /bin/false"),
    "sender of a From line and of -f": Dialogue(
        args=("-odi", "-f", "q@from.example", "joe@y.example"),
        said="From u@far.example Mon Nov  2 10:00:00 2026 remote from uucp\nSubject: uu\n\nx\n",
        selector="+received_sender",
    ),
}
