"""Cutthrough delivery and held callouts: what the client, the next server and the logs see."""

from __future__ import annotations

from typing import Any

from .session_world import DATA, EHLO, ENVELOPE, QUIT, ROUTERS, TRANSPORTS, Dialogue

CT = "rcpt:\n accept control = cutthrough_delivery\n"
PASS = "rcpt:\n accept control = cutthrough_delivery/defer=pass\n"
HOLD = "rcpt:\n accept verify = recipient/callout=use_sender,hold\n"
ANN = "RCPT TO:<ann@y.example>\r\n"
TWO = EHLO + ENVELOPE + ANN + DATA + QUIT
QUIET = EHLO + ENVELOPE + QUIT
TO_SECOND = """
a:
 driver = manualroute
 local_parts = ann
 route_list = * 127.0.0.1::@P2
 self = send
 transport = t
"""


def peer(*rules: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"rules": rules, **more}]


def data_acl(text: str, **more: Any) -> Dialogue:
    return Dialogue(acl=f"{CT}data:\n {text}\n", main="acl_smtp_data = data\n", **more)


def rcpt(text: str, **more: Any) -> Dialogue:
    return Dialogue(acl=f"rcpt:\n {text}\n", **more)


CASES = {
    "one": Dialogue(acl=CT),
    "two": Dialogue(acl=CT, said=TWO),
    "rcpt 550": Dialogue(acl=CT, said=QUIET, peers=peer(("RCPT", b"550 no\r\n"))),
    "rcpt 451": Dialogue(acl=CT, peers=peer(("RCPT", b"451 no\r\n"))),
    "rcpt 451 passed": Dialogue(acl=PASS, said=QUIET, peers=peer(("RCPT", b"451 no\r\n"))),
    "second rcpt 550": Dialogue(acl=CT, said=TWO, peers=peer(("RCPT TO:<ann", b"550 no\r\n"))),
    "mail 550": Dialogue(acl=CT, said=QUIET, peers=peer(("MAIL", b"550 no\r\n"))),
    "mail 451": Dialogue(acl=CT, peers=peer(("MAIL", b"451 no\r\n"))),
    "data 550": Dialogue(acl=CT, said=EHLO + ENVELOPE.replace("s@from", "s@[1.2.3.4]x") + QUIT),
    "data 451": Dialogue(acl=CT, peers=peer(("DATA", b"451 no\r\n"))),
    "data 451 passed": Dialogue(acl=PASS, peers=peer(("DATA", b"451 no\r\n"))),
    "end 550": Dialogue(acl=CT, peers=peer((".", b"550 never\r\n"))),
    "end 550 two": Dialogue(acl=CT, said=TWO, peers=peer((".", b"550 never\r\n"))),
    "end 451": Dialogue(acl=CT, peers=peer((".", b"451 no\r\n")), main="queue_only\n"),
    "end 451 two": Dialogue(acl=CT, said=TWO, peers=peer((".", b"451 no\r\n")), main="queue_only\n"),
    "end 451 passed": Dialogue(acl=PASS, peers=peer((".", b"451 no\r\n"))),
    "end lost": Dialogue(acl=CT, peers=peer((".", None)), main="queue_only\n"),
    "end lost passed": Dialogue(acl=PASS, peers=peer((".", None))),
    "data lost": Dialogue(acl=CT, peers=peer(("DATA", None)), main="queue_only\n"),
    "banner 554": Dialogue(acl=CT, said=QUIET, peers=peer(banner=b"554 no\r\n")),
    "banner 421": Dialogue(acl=CT, peers=peer(banner=b"421 no\r\n"), main="queue_only\n"),
    "refused": Dialogue(acl=CT, transports=TRANSPORTS.replace("@P1", "1"), main="queue_only\n"),
    "refused passed": Dialogue(acl=PASS, said=QUIET, transports=TRANSPORTS.replace("@P1", "1")),
    "rset": Dialogue(acl=CT, said=EHLO + ENVELOPE + "RSET\r\n" + ENVELOPE + DATA + QUIT),
    "quit": Dialogue(acl=CT, said=QUIET),
    "two messages": Dialogue(acl=CT, said=EHLO + ENVELOPE + DATA + ENVELOPE.replace("s@", "t@") + DATA + QUIT),
    "data acl denies": data_acl("deny message = not this"),
    "data acl defers": data_acl("defer message = not yet"),
    "data acl discards": data_acl("discard"),
    "data acl says and adds": data_acl("accept message = thanks\n add_header = X-D: d"),
    "predata acl": Dialogue(
        main="acl_smtp_predata = data\n",
        acl=CT + "data:\n deny message = not this\n",
        said=EHLO + ENVELOPE + "DATA\r\n",
    ),
    "extensions of the server": Dialogue(
        acl=CT, said=TWO, peers=peer(ehlo=["PIPELINING", "SIZE 1000000", "DSN", "CHUNKING", "8BITMIME", "PRDR"])
    ),
    "envid": Dialogue(
        acl=CT,
        main="dsn_advertise_hosts = *\n",
        said=f"{EHLO}MAIL FROM:<s@from.example> RET=HDRS ENVID=x\r\nRCPT TO:<joe@y.example>\r\n{DATA}{QUIT}",
        peers=peer(ehlo=["DSN"]),
    ),
    "prdr": Dialogue(
        acl=CT,
        main="prdr_enable\nqueue_only\n",
        said=f"{EHLO}MAIL FROM:<s@from.example> PRDR\r\nRCPT TO:<joe@y.example>\r\n{ANN}{DATA}{QUIT}",
        peers=peer(ehlo=["SIZE"]),
    ),
    "two servers": Dialogue(
        acl=CT, routers=TO_SECOND + ROUTERS, said=TWO, peers=[{}, {}], main="remote_max_parallel = 1\n"
    ),
    "headers": Dialogue(
        acl=CT + " add_header = X-A: a\n",
        routers=ROUTERS + " headers_add = X-R: r\n headers_remove = subject\n",
        transports=TRANSPORTS + " headers_rewrite = s@from.example n@new.example f\n",
    ),
    "freeze": rcpt("accept control = cutthrough_delivery\n control = freeze"),
    "queue": rcpt("accept control = cutthrough_delivery\n control = queue"),
    "queue_only": Dialogue(acl=CT, main="queue_only\n"),
    "fakereject": rcpt("accept control = cutthrough_delivery\n control = fakereject/no way"),
    "events": Dialogue(
        acl=CT,
        transports=TRANSPORTS + ' event_action = ${run{/bin/sh -c "echo $event_name >>@D/box/ev"}}\n',
    ),
    "redirected": Dialogue(
        acl=CT, routers="al:\n driver = redirect\n local_parts = joe\n data = zed@z.example\n" + ROUTERS
    ),
    "asked for the second only": rcpt("accept local_parts = ann\n control = cutthrough_delivery\n accept", said=TWO),
    "asked for the first only": rcpt("accept local_parts = joe\n control = cutthrough_delivery\n accept", said=TWO),
    "with callout": rcpt("accept control = cutthrough_delivery\n verify = recipient/callout=use_sender", said=TWO),
    "with callout of no sender": rcpt("accept control = cutthrough_delivery\n verify = recipient/callout", said=TWO),
    "after a callout": rcpt("accept verify = recipient/callout=use_sender\n control = cutthrough_delivery"),
    "callout refused": rcpt(
        "accept control = cutthrough_delivery\n verify = recipient/callout=use_sender",
        said=QUIET,
        peers=peer(("RCPT", b"550 no\r\n")),
    ),
    "callout defers": rcpt(
        "accept control = cutthrough_delivery\n verify = recipient/callout=use_sender,defer_ok",
        peers=peer(("RCPT", b"451 no\r\n")),
    ),
    "callout of the second refused": rcpt(
        "accept control = cutthrough_delivery\n verify = recipient/callout=use_sender",
        said=TWO,
        peers=peer(("RCPT TO:<ann", b"550 no\r\n")),
    ),
    "dns": Dialogue(acl=CT, said=EHLO + "MAIL FROM:<>\r\nRCPT TO:<joe@y.example>\r\n" + DATA + QUIT),
    "selectors": Dialogue(
        acl=CT,
        selector="-pid +sender_on_delivery +delivery_size +all_parents",
    ),
    "hold": Dialogue(acl=HOLD),
    "hold, two": Dialogue(acl=HOLD, said=TWO),
    "hold without sender": rcpt("accept verify = recipient/callout=hold", said=TWO),
    "hold and cutthrough": rcpt(
        "accept control = cutthrough_delivery\n verify = recipient/callout=use_sender,hold", said=TWO
    ),
    "hold, then refused": Dialogue(
        acl=HOLD,
        said=EHLO + "MAIL FROM:<>\r\nRCPT TO:<joe@y.example>\r\n" + DATA + QUIT,
        peers=peer((".", b"550 never\r\n")),
    ),
    "hold, rset": Dialogue(acl=HOLD, said=EHLO + ENVELOPE + "RSET\r\n" + QUIT),
    "hold random": rcpt(
        "accept verify = recipient/callout=use_sender,hold,random", said=TWO, peers=peer(("RCPT TO:<mx", b"550 no\r\n"))
    ),
    "hold, extensions": Dialogue(acl=HOLD, said=TWO, peers=peer(ehlo=["PIPELINING", "SIZE 1000000", "CHUNKING"])),
}
