"""`verify =` in its forms, with callouts, and what is remembered of them."""

from __future__ import annotations

from typing import Any

from .session_world import EHLO, ENVELOPE, QUIT, ROUTERS, TRANSPORTS, Dialogue

SAID = EHLO + ENVELOPE + QUIT
ANN = "RCPT TO:<ann@y.example>\r\n"
CAPITALS = (
    EHLO + "MAIL FROM:<s@from.example>\r\nRCPT TO:<Joe@Y.Example>\r\nRCPT TO:<Joe@y.example>\r\n"
    'RCPT TO:<"Joe Q"@Y.example>\r\n' + QUIT
)  # fmt: skip
REJECT_JOE = [{"rules": [("RCPT TO:<joe", b"550 no joe\r\n"), ("RCPT TO:<s@", b"550-no\r\n550 sender\r\n")]}]


def rcpt(text: str, **more: Any) -> Dialogue:
    more.setdefault("said", SAID)
    more.setdefault("routers", "r:" + ROUTERS.split("\nr:")[1])
    return Dialogue(acl=f"rcpt:\n {text}\n", **more)


def data(text: str, header: str, more_main: str = "", **more: Any) -> Dialogue:
    more.setdefault("routers", "r:" + ROUTERS.split("\nr:")[1])
    return Dialogue(
        main="acl_smtp_data = data\nqueue_only\nqueue_only_override = false\n" + more_main,
        acl=f"rcpt:\n accept\ndata:\n {text}\n",
        said=f"{EHLO}{ENVELOPE}DATA\r\n{header}\r\n\r\nx\r\n.\r\n{QUIT}",
        **more,
    )


def refusing(*rules: Any) -> list[dict[str, Any]]:
    return [{"rules": rules}]


DOWN = TRANSPORTS.replace("@P1", "1")
FAIL = (
    """
no:
 driver = redirect
 allow_fail
 allow_defer
 local_parts = joe
 data = ${if eq{$domain}{y.example}{:fail: 551 5.1.1 gone away}{:defer: come back}}
"""
    "r:" + ROUTERS.split("\nr:")[1]
)
QUIET = "-pid -acl_warn_skipped -dnslist_defer -sender_verify_fail"
SENDER = "accept verify = sender"
RECIPIENT = "accept verify = recipient"
WORDS = "logwrite = $domain_data|$local_part_data|$recipient_verify_failure"
LATER = {"rules": [("RCPT", b"451 later\r\n")]}

CASES = {
    "recipient": rcpt(RECIPIENT),
    "sender fails, details not logged": rcpt(
        "require verify = sender", routers=FAIL.replace("y.example", "from.example"), selector=QUIET
    ),
    "DNS list defers, not logged": rcpt(
        "warn dnslists = bl.example\n accept", selector=QUIET, zone="7.2.0.192.bl.example SERVFAIL\n"
    ),
    "warn skipped, not logged": rcpt(
        "warn domains = dnsdb;a=x.example\n accept", selector=QUIET, zone="x.example SERVFAIL\n"
    ),
    "recipient callout, host test": rcpt(f"{RECIPIENT}/callout", args=("-bh", "192.0.2.7"), peers=REJECT_JOE),
    "recipient callout, host test with callouts": rcpt(
        f"{RECIPIENT}/callout", args=("-bhc", "192.0.2.7"), peers=REJECT_JOE, times=2
    ),
    "recipient fails": rcpt(RECIPIENT, routers=FAIL),
    "recipient fails, message": rcpt("deny !verify = recipient\n message = $acl_verify_message", routers=FAIL),
    "recipient defers": rcpt(RECIPIENT, routers=FAIL, said=SAID.replace("y.example", "z.example")),
    "recipient defer_ok": rcpt(f"{RECIPIENT}/defer_ok", routers=FAIL, said=SAID.replace("y.example", "z.example")),
    "recipient callout": rcpt(f"{RECIPIENT}/callout"),
    "recipient callout refused": rcpt(f"{RECIPIENT}/callout", peers=REJECT_JOE),
    "recipient callout deferred": rcpt(f"{RECIPIENT}/callout", peers=refusing(("RCPT", b"451 later\r\n"))),
    "recipient callout defer_ok": rcpt(f"{RECIPIENT}/callout=defer_ok", peers=refusing(("RCPT", b"451 later\r\n"))),
    "recipient callout closed": rcpt(f"{RECIPIENT}/callout", peers=refusing(("RCPT", None))),
    "recipient callout, mail refused": rcpt(f"{RECIPIENT}/callout", peers=refusing(("MAIL", b"550 no mail\r\n"))),
    "recipient callout, ehlo refused": rcpt(
        f"{RECIPIENT}/callout", peers=refusing(("EHLO", b"550 no\r\n"), ("HELO", b"550 no\r\n"))
    ),
    "recipient callout, banner": rcpt(f"{RECIPIENT}/callout", peers=[{"banner": b"554 closed\r\n"}]),
    "recipient callout, banner 421": rcpt(f"{RECIPIENT}/callout", peers=[{"banner": b"421 busy\r\n"}]),
    "recipient callout, nobody there": rcpt(f"{RECIPIENT}/callout", transports=DOWN),
    "recipient callout, nobody there, defer_ok": rcpt(f"{RECIPIENT}/callout=10s,defer_ok", transports=DOWN),
    "recipient callout use_sender": rcpt(f"{RECIPIENT}/callout=use_sender"),
    "recipient callout use_postmaster": rcpt(f"{RECIPIENT}/callout=use_postmaster"),
    "recipient callout random taken": rcpt(f"{RECIPIENT}/callout=random"),
    "recipient callout random refused": rcpt(
        f"{RECIPIENT}/callout=random", peers=refusing(("RCPT TO:<mx", b"550 no\r\n"))
    ),
    "recipient callout postmaster": rcpt(f"{RECIPIENT}/callout=postmaster"),
    "recipient callout postmaster refused": rcpt(
        f"{RECIPIENT}/callout=postmaster", peers=refusing(("RCPT TO:<postmaster", b"550 no\r\n"))
    ),
    "recipient callout fullpostmaster": rcpt(
        f"{RECIPIENT}/callout=fullpostmaster", peers=refusing(("RCPT TO:<postmaster@", b"550 no\r\n"))
    ),
    "recipient callout postmaster_mailfrom": rcpt(f"{RECIPIENT}/callout=postmaster_mailfrom=pm@x.example"),
    "recipient callout twice": rcpt(f"{RECIPIENT}/callout", times=2),
    "recipient callout refused twice": rcpt(f"{RECIPIENT}/callout", peers=REJECT_JOE, times=2),
    "recipient callout no_cache twice": rcpt(f"{RECIPIENT}/callout=no_cache", times=2),
    "mail refused, then another": rcpt(
        f"{RECIPIENT}/callout", peers=refusing(("MAIL", b"550 no mail\r\n")), said=SAID.replace(QUIT, ANN + QUIT)
    ),
    "recipient random taken, then another": rcpt(f"{RECIPIENT}/callout=random", said=SAID.replace(QUIT, ANN + QUIT)),
    "recipient callout smtp_return_error_details": rcpt(
        f"{RECIPIENT}/callout", main="smtp_return_error_details\n", peers=refusing(("RCPT", b"451 later\r\n"))
    ),
    "sender callout deferred, details": rcpt(
        f"{SENDER}/callout", main="smtp_return_error_details\n", peers=refusing(("RCPT", b"451 later\r\n"))
    ),
    "sender callout, nobody there, details": rcpt(
        f"{SENDER}/callout", main="smtp_return_error_details\n", transports=DOWN
    ),
    "header_names_ascii, details": data(
        "require verify = header_names_ascii\n accept", "T\xf6: x", more_main="smtp_return_error_details\n"
    ),
    "recipient callout helo_data": rcpt(
        f"{RECIPIENT}/callout", transports=TRANSPORTS + " helo_data = callout.example\n"
    ),
    "recipient callout lmtp": rcpt(f"{RECIPIENT}/callout", transports=TRANSPORTS + " protocol = lmtp\n"),
    **{
        f"recipient callout over two hosts: {name}": rcpt(
            f"{RECIPIENT}/callout",
            routers="r:\n driver = manualroute\n route_list = * 127.0.0.1::@P1:127.0.0.1::@P2\n self = send\n"
            " transport = t\n",
            transports=TRANSPORTS.replace(" port = @P1\n", ""),
            peers=[first, second],
        )
        for name, first, second in (
            ("both refuse for now", LATER, LATER),
            ("the first refuses for now", LATER, {}),
            ("the first refuses", {"rules": [("RCPT", b"551 no\r\n")]}, {}),
            ("both are busy", {"banner": b"421 x\r\n"}, {"banner": b"421 y\r\n"}),
        )
    },
    "sender callout over two hosts": rcpt(
        f"{SENDER}/callout",
        routers="r:\n driver = manualroute\n route_list = * 127.0.0.1::@P1:127.0.0.1::@P2\n self = send\n"
        " transport = t\n",
        transports=TRANSPORTS.replace(" port = @P1\n", ""),
        peers=[LATER, LATER],
    ),
    "recipient callout, several lines": rcpt(f"{RECIPIENT}/callout", peers=refusing(("RCPT", b"550-a\r\n550 b\r\n"))),
    "recipient callout deferred, several lines, warn": rcpt(
        "warn verify = recipient/callout\n accept", peers=refusing(("RCPT", b"450-a\r\n450 b\r\n"))
    ),
    "recipient callout gives words": rcpt(
        f"warn verify = recipient/callout\n {WORDS}\n warn verify = recipient\n {WORDS}\n accept", times=2
    ),
    "recipient callout random gives no words": rcpt(f"warn verify = recipient/callout=random\n {WORDS}\n accept"),
    "recipient callout random deferred": rcpt(
        f"{RECIPIENT}/callout=random", peers=refusing(("RCPT TO:<mx", b"450 x\r\n"))
    ),
    "recipient callout random refused, then closed": rcpt(
        f"{RECIPIENT}/callout=random", peers=refusing(("RCPT TO:<mx", b"550 no\r\n"), ("RSET", None))
    ),
    "recipient callout postmaster deferred": rcpt(
        f"{RECIPIENT}/callout=postmaster", peers=refusing(("RCPT TO:<postmaster", b"450 a\r\n"))
    ),
    "sender callout fullpostmaster refused": rcpt(
        f"{SENDER}/callout=fullpostmaster", peers=refusing(("RCPT TO:<postmaster", b"550 a\r\n"))
    ),
    "recipient callout_defer_ok": rcpt(f"{RECIPIENT}/callout_defer_ok", peers=[LATER]),
    "recipient check_postmaster": rcpt(f"{RECIPIENT}/check_postmaster"),
    "recipient callout of two senders": rcpt(f"{RECIPIENT}/callout=use_sender,use_postmaster"),
    "header_sender callout use_sender": data(
        "require verify = header_sender/callout=use_sender,no_cache\n accept", "From: joe@y.example"
    ),
    "recipient callout over two hosts": rcpt(
        f"{RECIPIENT}/callout",
        routers="r:\n driver = manualroute\n route_list = * 127.0.0.1::1:127.0.0.1::@P1\n self = send\n transport = t\n",
    ),
    "recipient redirected": rcpt(
        f"{RECIPIENT}/callout",
        routers="a:\n driver = redirect\n data = ann@z.example\n domains = y.example\nr:" + ROUTERS.split("\nr:")[1],
    ),
    "recipient redirected to two": rcpt(
        f"{RECIPIENT}/callout",
        routers="a:\n driver = redirect\n data = ann@z.example,x@z.example\n domains = y.example"
        "\nr:" + ROUTERS.split("\nr:")[1],
    ),
    "recipient success_on_redirect": rcpt(
        f"{RECIPIENT}/success_on_redirect/callout",
        routers="a:\n driver = redirect\n data = ann@z.example\n domains = y.example\nr:" + ROUTERS.split("\nr:")[1],
    ),
    "variables": rcpt(
        "warn !verify = recipient/callout\n logwrite = $recipient_verify_failure|$acl_verify_message|$address_data\n"
        " accept",
        peers=REJECT_JOE,
    ),
    "address_data": rcpt(
        "warn verify = recipient\n logwrite = $address_data|$domain_data|$local_part_data\n accept",
        routers="r:\n address_data = AD-$local_part\n" + ROUTERS.split("\nr:")[1],
    ),
    "sender": rcpt(SENDER),
    "sender fails": rcpt(SENDER, routers=FAIL, said=SAID.replace("s@from.example", "joe@y.example")),
    "sender fails at length": rcpt(
        SENDER,
        routers=FAIL.replace("gone away", "gone away for ever: " + "and ever" + " and ever" * 11),
        said=SAID.replace("s@from.example", "joe@y.example"),
    ),
    "sender no_details": rcpt(
        f"{SENDER}/no_details", routers=FAIL, said=SAID.replace("s@from.example", "joe@y.example")
    ),
    "sender defers": rcpt(SENDER, routers=FAIL, said=SAID.replace("s@from.example", "joe@q.example")),
    "sender defers, details": rcpt(
        SENDER,
        routers=FAIL,
        main="smtp_return_error_details\n",
        said=SAID.replace("s@from.example", "joe@q.example"),
    ),
    "sender given": rcpt(f"{SENDER}=other@z.example/callout"),
    "sender null": rcpt(f"{SENDER}/callout", said=SAID.replace("s@from.example", "")),
    "sender callout": rcpt(f"{SENDER}/callout"),
    "sender callout refused": rcpt(f"{SENDER}/callout", peers=REJECT_JOE),
    "sender callout refused, two recipients": rcpt(
        f"{SENDER}/callout", peers=REJECT_JOE, said=SAID.replace(QUIT, ANN + QUIT)
    ),
    "sender callout deferred": rcpt(f"{SENDER}/callout", peers=refusing(("RCPT", b"451 later\r\n"))),
    "sender callout mail refused": rcpt(f"{SENDER}/callout", peers=refusing(("MAIL", b"550 no null\r\n"))),
    "sender callout random": rcpt(f"{SENDER}/callout=random"),
    "sender callout postmaster": rcpt(
        f"{SENDER}/callout=postmaster", peers=refusing(("RCPT TO:<postmaster", b"550 no\r\n"))
    ),
    "sender callout, own message": rcpt("deny message = bad sender\n !verify = sender/callout", peers=REJECT_JOE),
    "sender failure variable": rcpt(
        "warn !verify = sender/callout\n logwrite = $sender_verify_failure|$acl_verify_message\n accept",
        peers=REJECT_JOE,
    ),
    "sender_address_data": rcpt(
        "warn verify = sender\n logwrite = $sender_address_data\n accept",
        routers="r:\n address_data = AD-$local_part\n" + ROUTERS.split("\nr:")[1],
    ),
    "sender use_sender": rcpt(f"{SENDER}/callout=use_sender"),
    "mailfrom for sender": rcpt(f"{SENDER}/callout=mailfrom=a@b.example"),
    "unknown option": rcpt(f"{RECIPIENT}/nonsense"),
    "unknown verify": rcpt("accept verify = nonsense"),
    "bad time": rcpt(f"{RECIPIENT}/callout=x9"),
    "helo": rcpt("accept verify = helo"),
    "reverse": rcpt("accept verify = reverse_host_lookup"),
    "csa": rcpt("accept verify = csa"),
    "certificate": rcpt("accept verify = certificate"),
    "not_blind": data("require verify = not_blind\n accept", "To: joe@y.example"),
    "not_blind fails": data("require verify = not_blind\n accept", "To: other@y.example"),
    "not_blind case": data("require verify = not_blind/case_insensitive\n accept", "Cc: JOE@y.example"),
    "not_blind, unknown option": data("require verify = not_blind/x\n accept", "Cc: JOE@y.example"),
    "not_blind, option in capitals": data("require verify = not_blind/CASE_INSENSITIVE\n accept", "Cc: JOE@y.example"),
    **{
        f"recipient in capitals, {name}": rcpt(f"accept {text}{WORDS}", said=CAPITALS)
        for name, text in {
            "callout": f"{RECIPIENT[7:]}/callout\n ",
            "postmaster": f"{RECIPIENT[7:]}/callout=postmaster\n ",
            "random": f"{RECIPIENT[7:]}/callout=random\n ",
            "caseful": f"control = caseful_local_part\n {RECIPIENT[7:]}/callout\n ",
        }.items()
    },
    "recipient in capitals, refused": rcpt(
        f"{RECIPIENT}/callout", said=CAPITALS, peers=refusing(("RCPT", b"550 no\r\n"))
    ),
    "not_blind, details": data("require verify = not_blind", "To: x@y", more_main="smtp_return_error_details\n"),
    "header_syntax, details": data(
        "require verify = header_syntax", "To: x@@y", more_main="smtp_return_error_details\n"
    ),
    "header_syntax": data("require verify = header_syntax\n accept", "To: joe@y.example"),
    "header_syntax fails": data("require verify = header_syntax\n accept", "To: joe@@y.example\r\nFrom: a b c@d"),
    "header_syntax, a literal": data("require verify = header_syntax\n accept", "To: a@[192.0.2.1]"),
    "header_syntax fails, message": data(
        "warn !verify = header_syntax\n logwrite = <$acl_verify_message>\n accept", "To: joe@@y.example"
    ),
    "header_names_ascii": data("require verify = header_names_ascii\n accept", "T\xf6: x"),
    "header_sender": data("require verify = header_sender\n accept", "From: ok@y.example"),
    "header_sender fails": data(
        "require verify = header_sender\n accept",
        "From: joe@y.example",
    ),
    "header_sender none": data("require verify = header_sender\n accept", "Subject: x"),
    "header_sender callout": data(
        "require verify = header_sender/callout\n accept", "From: joe@y.example", peers=REJECT_JOE
    ),
    "header_sender mailfrom": data(
        "require verify = header_sender/callout=mailfrom=pm@x.example,no_cache\n accept", "From: joe@y.example"
    ),
    "header_sender second good": data(
        "require verify = header_sender/callout\n accept",
        "From: joe@y.example\r\nReply-To: ann@y.example",
        peers=REJECT_JOE,
    ),
}
