"""Events (manual 61): which are raised, in which order, with which variables, and what their results force."""

from __future__ import annotations

from typing import Any

from .session_world import DATA, EHLO, ENVELOPE, QUIT, ROUTERS, TRANSPORTS, Dialogue

SHOWN = (
    "$event_name|$event_data|$event_defer_errno|$local_part|$domain|$host|$host_address|$transport_name|$sender_address"
)
ACL = f"""rcpt:
 accept
ev:
 accept logwrite = EV $acl_arg1: {SHOWN}
forced:
 accept condition = ${{if eq{{$event_name}}{{$acl_arg1}}}}
   message = forced
   logwrite = forcing $event_name
 accept
"""
MAIN = "event_action = ${acl {ev}{main}}\n"
TRANSPORT = TRANSPORTS + " event_action = ${acl {ev}{transport}}\n"
TWO = EHLO + ENVELOPE + "RCPT TO:<ann@y.example>\r\n" + DATA + QUIT
LOCAL = "local:\n driver = accept\n domains = y.example\n transport = box\n" + ROUTERS
BOX = TRANSPORT + "box:\n driver = appendfile\n file = @F\n user = Debian-exim\n event_action = ${acl {ev}{box}}\n"


def stale(local_part: str) -> tuple[str, str]:
    """After a recipient that was put off the installed Exim's `tcp:close` has its error and no transport."""
    shown = f"|{local_part}|y.example|127.0.0.1|127.0.0.1|"
    return (
        f"-ID EV transport: tcp:close||13121{shown}|s@from.example",
        f"+ID EV transport: tcp:close||0{shown}t|s@from.example",
    )


def event(*rules: Any, ehlo: tuple[str, ...] = ("SIZE",), banner: bytes = b"220 peer\r\n", **more: Any) -> Dialogue:
    """One delivery with all events told in the log."""
    more["main"] = MAIN + more.get("main", "")
    return Dialogue(
        peers=[{"rules": rules, "ehlo": ehlo, "banner": banner}], **{"acl": ACL, "transports": TRANSPORT, **more}
    )


def forced(name: str, text: str = "forced", **more: Any) -> Dialogue:
    """The event's action expands to something."""
    action = f"${{if eq{{$event_name}}{{{name}}}{{{text}}}}}"
    return Dialogue(transports=f"{TRANSPORTS} event_action = {action}\n", **more)


CASES = {
    "delivery": event(),
    "two deliveries": event(said=TWO),
    "chunks": event(ehlo=("CHUNKING",)),
    "pipelining": event(ehlo=("PIPELINING",)),
    "local delivery": event(routers=LOCAL, transports=BOX.replace("@F", "@D/box/joe")),
    "local deferral": event(routers=LOCAL, transports=BOX.replace("@F", "box/joe") + " \n"),
    "recipient refused": event(("RCPT", b"550 5.1.1 no\r\n")),
    "one of two refused": event(("RCPT TO:<ann", b"550 no\r\n"), said=TWO),
    "recipient deferred": event(("RCPT", b"451 4.2.1 later\r\n"), differs=stale("joe")),
    "one of two deferred": event(("RCPT TO:<ann", b"451 later\r\n"), said=TWO, differs=stale("")),
    "mail deferred": event(("MAIL", b"451 later\r\n")),
    "mail refused": event(("MAIL", b"550 never\r\n")),
    "data deferred": event(("DATA", b"451 later\r\n")),
    "end deferred": event((".", b"451 later\r\n")),
    "end refused": event((".", b"550 no\r\n")),
    "banner refused": event(banner=b"554 no\r\n"),
    "banner deferred": event(banner=b"421 busy\r\n"),
    "nobody there, by port": event(
        acl=ACL.replace("$host_address", "$host_address:$host_port"),
        transports=TRANSPORT.replace("@P1", "1"),
    ),
    "nobody at two hosts": event(
        acl=ACL.replace("$event_defer_errno", "")
        .replace("$transport_name", "")
        .replace("$host_address", "$host_address:$host_port"),
        transports=TRANSPORT.replace("@P1", "1"),
        routers=ROUTERS.replace("* 127.0.0.1", "* 127.0.0.1::2:127.0.0.2"),
    ),
    "nobody there": event(transports=TRANSPORT.replace("@P1", "1")),
    "routing fails": event(routers="n:\n driver = accept\n domains = from.example\n transport = back\n"),
    "router fails": event(
        routers="n:\n driver = redirect\n allow_fail\n domains = y.example\n data = :fail: not here\n" + ROUTERS
    ),
    "router defers": event(
        routers="n:\n driver = redirect\n allow_defer\n domains = y.example\n data = :defer: not now\n" + ROUTERS
    ),
    "blackhole": event(routers="n:\n driver = redirect\n domains = y.example\n data = :blackhole:\n" + ROUTERS),
    "redirected": event(routers="n:\n driver = redirect\n domains = y.example\n data = zed@z.example\n" + ROUTERS),
    "retry timeout": event(("RCPT", b"451 later\r\n"), retry="", differs=stale("joe")),
    "host retry time": event(banner=b"421 busy\r\n", then=[("-q",)]),
    "forced tcp:connect": forced("tcp:connect"),
    "forced smtp:connect": forced("smtp:connect"),
    "forced smtp:ehlo": forced("smtp:ehlo"),
    "forced tcp:close": forced("tcp:close"),
    "forced msg:delivery": forced("msg:delivery"),
    "forced msg:complete": Dialogue(main="event_action = forced\n"),
    "broken action": Dialogue(transports=TRANSPORTS + " event_action = ${bad\n"),
    "failing action": Dialogue(transports=TRANSPORTS + " event_action = ${if eq{1}{2}{}fail}\n"),
    "broken main action": Dialogue(main="event_action = ${bad\n"),
    "callout": Dialogue(
        main=MAIN,
        acl=ACL.replace("accept\nev", "accept verify = recipient/callout\nev"),
        transports=TRANSPORT,
    ),
}
