"""DSN (RFC 3461): what travels on, and the reports: success, failure and delay."""

from __future__ import annotations

from typing import Any

from .session_world import DATA, EHLO, QUIT, ROUTERS, TRANSPORTS, Dialogue

MAIL = "MAIL FROM:<s@from.example>"
RCPT = "RCPT TO:<joe@y.example>"
LOCAL = """
back:
 driver = accept
 domains = from.example
 transport = back
local:
 driver = accept
 transport = box
"""
BOX = TRANSPORTS + "box:\n driver = appendfile\n file = @D/box/joe\n user = Debian-exim\n"
REDIRECT = "al:\n driver = redirect\n domains = y.example\n data = zed@z.example\n"


def dsn(
    rcpt: str = "", mail: str = "", *rules: Any, ehlo: tuple[str, ...] = ("SIZE",), more: str = "", **other: Any
) -> Dialogue:
    """One message; `rcpt` and `mail` are parameters, `more` further commands."""
    other["main"] = "dsn_advertise_hosts = *\n" + other.get("main", "")
    said = f"{EHLO}{MAIL}{mail}\r\n{RCPT}{rcpt}\r\n{more}{DATA}{QUIT}"
    return Dialogue(said=said, peers=[{"rules": rules, "ehlo": ehlo}], **other)


FAILS = ("RCPT", b"550 5.1.1 no such user\r\n")
AWARE = ("DSN",)
SUCCESS = " NOTIFY=SUCCESS"
ANN = "RCPT TO:<ann@y.example> NOTIFY=NEVER\r\n"

#: later than `delay_warning`, which leaves a busy machine time for the first attempt
SLOWLY = [("sleep", "3.1"), ("-qf",)]

CASES = {
    "all goes on": dsn(
        " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;joe@z.example", " RET=HDRS ENVID=a+20b", ehlo=("DSN", "PIPELINING")
    ),
    "never goes on": dsn(" NOTIFY=NEVER", " RET=FULL", ehlo=AWARE),
    "success, server unaware": dsn(SUCCESS),
    "success with all parameters": dsn(f"{SUCCESS} ORCPT=rfc822;joe+2Bx@z.example", " RET=FULL ENVID=abc"),
    "success, headers only": dsn(SUCCESS, " RET=HDRS"),
    "success and failure, two recipients": dsn(
        SUCCESS, "", ("RCPT TO:<ann", b"550 no\r\n"), more="RCPT TO:<ann@y.example> NOTIFY=SUCCESS,FAILURE\r\n"
    ),
    "success, one did not ask": dsn(SUCCESS, more="RCPT TO:<ann@y.example>\r\n"),
    "success, local": dsn(SUCCESS, routers=LOCAL, transports=BOX),
    "success, redirected": dsn(SUCCESS, " ENVID=x", ehlo=AWARE, routers=REDIRECT + ROUTERS),
    "success, redirected to two": dsn(
        SUCCESS, ehlo=AWARE, routers=REDIRECT.replace("zed@z", "zed@z.example,q@z") + ROUTERS
    ),
    "success, blackhole": dsn(SUCCESS, routers=REDIRECT.replace("zed@z.example", ":blackhole:") + ROUTERS),
    "success, last hop": dsn(SUCCESS, ehlo=AWARE, routers=ROUTERS + " dsn_lasthop\n"),
    "failure": dsn("", "", FAILS),
    "failure, headers only": dsn("", " RET=HDRS", FAILS),
    "failure, full": dsn("", " RET=FULL ENVID=e1", FAILS),
    "failure, asked for": dsn(" NOTIFY=FAILURE ORCPT=rfc822;a@b.example", "", FAILS),
    "failure, not asked for": dsn(" NOTIFY=DELAY", "", FAILS),
    "failure, never": dsn(" NOTIFY=NEVER", "", FAILS),
    "failure of two": dsn("", "", FAILS, more="RCPT TO:<ann@y.example>\r\n"),
    "failure, no size limit": dsn("", "", FAILS, main="bounce_return_size_limit = 100\n"),
    "failure, no body": dsn("", "", FAILS, main="bounce_return_body = false\n"),
    "failure, message file": dsn(
        "",
        "",
        FAILS,
        main="bounce_message_file = @D/bounce\n",
        files={"bounce": "Subject: Oh no\n****\nFirst $sender_address\n****\nSecond\n****\nThird\n****\nFourth\n"},
    ),
    "failure, message text": dsn("", "", FAILS, main="bounce_message_text = Call 123\n"),
    "failure, own from": dsn(
        "", "", FAILS, main='dsn_from = "Bouncer <b@$qualify_domain>"\nbounce_sender_authentication = b@x.example\n'
    ),
    "failure, copy": dsn("", "", FAILS, main="errors_copy = *@from.example back@from.example\n"),
    "failure, reply-to": dsn("", "", FAILS, main="errors_reply_to = postmaster@q.example\n"),
    "failure, errors_to": dsn("", "", FAILS, routers=ROUTERS + " errors_to = err@from.example\n"),
    "failure, long reply": dsn("", "", ("RCPT", b"550-5.7.1 first line\r\n550 5.7.1 second line\r\n")),
    "failure at data": dsn("", "", ("DATA", b"554 no data\r\n")),
    "failure at the end": dsn("", "", (".", b"552 5.2.2 full\r\n")),
    "failure at connection": Dialogue(peers=[{"banner": b"554 go away\r\n"}]),
    "failure of routing": dsn("", "", routers="back:\n driver = accept\n domains = from.example\n transport = back\n"),
    "failure of a router": dsn(
        "", "", routers=REDIRECT.replace("zed@z.example", ":fail: <<logged>> not here") + " allow_fail\n" + ROUTERS
    ),
    "failure of a child": dsn(SUCCESS, "", FAILS, routers=REDIRECT + ROUTERS),
    "failure, hidden child": dsn("", "", FAILS, routers=REDIRECT + " hide_child_in_errmsg\n" + ROUTERS),
    "bounce of a bounce": Dialogue(said=f"{EHLO}MAIL FROM:<>\r\n{RCPT}\r\n{DATA}{QUIT}", peers=[{"rules": [FAILS]}]),
    "bounce of a bounce, ignored": Dialogue(
        said=f"{EHLO}MAIL FROM:<>\r\n{RCPT}\r\n{DATA}{QUIT}",
        peers=[{"rules": [FAILS]}],
        main="ignore_bounce_errors_after = 0s\n",
        then=[("-qff",)],
    ),
    "delay": dsn(
        "",
        "",
        ("RCPT", b"450 later\r\n"),
        main="delay_warning = 3s\n",
        retry="* * F,1h,1s\n",
        then=SLOWLY,
    ),
    "delay, asked for": dsn(
        " NOTIFY=DELAY ORCPT=rfc822;o@o.example",
        " ENVID=q",
        ("RCPT", b"450 later\r\n"),
        main="delay_warning = 3s\n",
        retry="* * F,1h,1s\n",
        then=SLOWLY,
    ),
    "delay, not asked for": dsn(
        " NOTIFY=FAILURE",
        "",
        ("RCPT", b"450 later\r\n"),
        main="delay_warning = 3s\n",
        retry="* * F,1h,1s\n",
        then=SLOWLY,
    ),
    "delay, message file": dsn(
        "",
        "",
        ("RCPT", b"450 later\r\n"),
        main="delay_warning = 3s\nwarn_message_file = @D/warn\n",
        retry="* * F,1h,1s\n",
        then=SLOWLY,
        files={"warn": "Subject: Slow\n****\nStill $warn_message_delay $warn_message_recipients\n****\nEnd\n"},
    ),
    "delay, nobody there": dsn(
        main="delay_warning = 3s\n",
        retry="* * F,1h,1s\n",
        transports=TRANSPORTS.replace("@P1", "1"),
        then=SLOWLY,
    ),
    "delay, routing": dsn(
        main="delay_warning = 3s\n",
        retry="* * F,1h,1s\n",
        routers=REDIRECT.replace("zed@z.example", ":defer: not today") + " allow_defer\n" + ROUTERS,
        then=SLOWLY,
    ),
    "timeout of retries": dsn("", "", ("RCPT", b"450 later\r\n"), retry=""),
    "parameters not offered": Dialogue(said=f"{EHLO}{MAIL} RET=FULL\r\n{RCPT} NOTIFY=NEVER\r\n{QUIT}"),
    "bad RET": dsn("", " RET=SOME"),
    "RET twice": dsn("", " RET=FULL RET=HDRS"),
    "ENVID twice": dsn("", " ENVID=a ENVID=b"),
    "bad NOTIFY": dsn(" NOTIFY=SOMETIMES"),
    "NEVER with others": dsn(" NOTIFY=NEVER,DELAY"),
    "NOTIFY twice": dsn(" NOTIFY=DELAY NOTIFY=FAILURE"),
    "ORCPT twice": dsn(" ORCPT=rfc822;a@b ORCPT=rfc822;c@d"),
}
