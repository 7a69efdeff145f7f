"""Messages that the program writes itself: the ACLs they pass (manual 44.2), who is told of what, and in which words."""

from __future__ import annotations

import base64
from typing import Any

from .dsn_cases import BOX, FAILS, LOCAL, dsn
from .session_world import DATA, EHLO, ENVELOPE, QUIT, ROUTERS, TRANSPORTS, Dialogue

REFUSED = [{"rules": [FAILS]}]
ALL = "logwrite = N $sender_address $recipients $h_subject: $received_protocol $originator_uid $sender_ident $acl_m_q"
IDS = DATA.replace("Subject:", "Message-ID: <m@x>\r\nReferences: <r@x>\r\nSubject:")
WITH_ID = EHLO + ENVELOPE + IDS + QUIT
SETTINGS = 'dsn_from = "Bouncer <b@$qualify_domain>"\nerrors_reply_to = er@x.example\n'
FREEZES = '# Exim filter\nif first_delivery and $sender_address is not "" then freeze text "cold" endif\n'
REPLY = "box:\n driver = autoreply\n to = $sender_address\n from = me@from.example\n subject = hello\n text = x\n"
LATE: dict[str, Any] = {
    "transports": TRANSPORTS.replace("@P1", "1"),
    "then": [("sleep", "3.1"), ("-qff",)],
    "retry": "* * F,1h,1s\n",
}


def acl(text: str, **more: Any) -> Dialogue:
    """`text` is acl_not_smtp; the message is one that bounces unless told otherwise."""
    main = "acl_not_smtp = n\n" + more.pop("main", "")
    more.setdefault("peers", REFUSED)
    return Dialogue(main=main, acl=f"rcpt:\n accept\nn:\n {text}\n", **more)


def denies(**more: Any) -> Dialogue:
    return acl("deny message = not ours", **more)


def errors(data: str, options: str = "") -> Dialogue:
    """A redirection with wrong items."""
    router = f"al:\n driver = redirect\n domains = y.example\n skip_syntax_errors\n data = {data}\n"
    return Dialogue(routers=f"{router} syntax_errors_to = back@from.example\n{options}" + ROUTERS)


def full(message: str = "", **more: Any) -> Dialogue:
    """A mailbox with a quota warning."""
    text = f' quota_warn_message = "{message}"\n' if message else ""
    more["transports"] = f"{BOX} quota = 1000\n quota_warn_threshold = 10%\n{text}"
    return Dialogue(said=WITH_ID, routers=LOCAL, **more)


CASES = {
    "bounce: accepted": acl(f"accept add_header = X-N: 1\n {ALL}"),
    "bounce: started": acl(
        f"accept {ALL}\no:\n warn logwrite = start $sender_address $received_protocol $sender_ident\n"
        " accept set acl_m_q = 1\n add_header = X-S: s",
        main="acl_not_smtp_start = o\n",
    ),
    "bounce: start denies": acl("accept\no:\n deny", main="acl_not_smtp_start = o\n"),
    "bounce: denied": denies(),
    "bounce: denied, the other recipient had it": dsn(
        "",
        "",
        FAILS,
        main="acl_not_smtp = n\n",
        acl="rcpt:\n accept\nn:\n deny message = no\n",
        more="RCPT TO:<back@from.example>\r\n",
    ),
    "bounce: denied, log message": acl("deny message = words\n log_message = logged"),
    "bounce: deferred": acl("defer message = words"),
    "bounce: discarded": acl("discard"),
    "bounce: frozen": acl("accept control = freeze"),
    "bounce: queued": acl("accept control = queue"),
    "bounce: control not allowed": acl("accept control = suppress_local_fixups"),
    "bounce: headers": acl("accept remove_header = subject\n add_header = :at_start:X-First: 1"),
    "bounce: mime": Dialogue(
        main="acl_not_smtp_mime = n\n",
        acl="rcpt:\n accept\nn:\n accept logwrite = $mime_content_type|$mime_part_count\n",
        peers=REFUSED,
    ),
    "bounce: mime denies": Dialogue(
        main="acl_not_smtp_mime = n\nacl_not_smtp = o\n",
        acl="rcpt:\n accept\nn:\n discard\no:\n accept logwrite = second\n",
        peers=REFUSED,
    ),
    "warning: accepted": acl(f"accept {ALL}", main="delay_warning = 3s:1h\n", **LATE),
    "warning: denied": denies(main="delay_warning = 3s:1h\n", **LATE),
    "success report: accepted": dsn(
        " NOTIFY=SUCCESS", main="acl_not_smtp = n\n", acl=f"rcpt:\n accept\nn:\n accept {ALL}\n"
    ),
    "success report: denied": dsn(
        " NOTIFY=SUCCESS", main="acl_not_smtp = n\n", acl="rcpt:\n accept\nn:\n deny message = no\n"
    ),
    "autoreply: accepted": acl(f"accept {ALL}", routers=LOCAL, transports=TRANSPORTS + REPLY),
    "autoreply: denied": denies(routers=LOCAL, transports=TRANSPORTS + REPLY),
    "freeze_tell: denied": denies(
        main="freeze_tell = x@from.example\nsystem_filter = @D/filter\n", files={"filter": FREEZES}
    ),
    "quota warning: denied": denies(routers=LOCAL, transports=f"{BOX} quota = 1000\n quota_warn_threshold = 10%\n"),
    "syntax errors: denied": denies(
        routers="al:\n driver = redirect\n domains = y.example\n data = a@b@c, zed@z.example\n skip_syntax_errors\n"
        " syntax_errors_to = back@from.example\n" + ROUTERS,
        peers=[{}],
    ),
    "complaint: denied": denies(args=("-odi", "-oem", "-t"), said="Subject: x\nTo: a b\n\nx\n"),
    "complaint of a refusal: denied": acl(
        "deny senders = : root@test.example\n message = no own",
        args=("-odi", "-oem", "joe@y.example"),
        said="Subject: x\n\nx\n",
    ),
    "complaint: nothing good": Dialogue(args=("-odi", "-oem", "-t"), said="Subject: x\nTo: a b\n\nx\n"),
    "complaint: nothing good of two": Dialogue(args=("-odi", "-oem", "-t"), said="Subject: x\nTo: a b, c d\n\nx\n"),
    "complaint: nobody": Dialogue(args=("-odi", "-oem", "-t"), said="Subject: x\n\nx\n"),
    "frozen by an ACL": Dialogue(main="freeze_tell = x@from.example\n", acl="rcpt:\n accept control = freeze\n"),
    "frozen by an ACL, told to two": Dialogue(
        said=WITH_ID, main=SETTINGS + "freeze_tell = x@from.example, y\n", acl="rcpt:\n accept control = freeze\n"
    ),
    "frozen by an ACL, told to nobody": Dialogue(
        main="freeze_tell = x@from.example\n", acl="rcpt:\n accept control = freeze/no_tell\n"
    ),
    "frozen by an ACL, not by SMTP": acl(
        "accept senders = root@*\n control = freeze\n accept",
        args=("-odi", "joe@y.example"),
        said="Subject: x\n\nx\n",
        main="freeze_tell = x@from.example\n",
    ),
    "frozen by an ACL, null sender": Dialogue(
        main="freeze_tell = x@from.example\n",
        acl="rcpt:\n accept control = freeze\n",
        said=f"{EHLO}MAIL FROM:<>\r\nRCPT TO:<joe@y.example>\r\n{DATA}{QUIT}",
    ),
    "frozen by an ACL, batched": Dialogue(
        args=("-bS", "-odi"),
        said=ENVELOPE + DATA,
        main="freeze_tell = x@from.example\n",
        acl="rcpt:\n accept control = freeze\n",
    ),
    "frozen by a filter": Dialogue(
        said=WITH_ID,
        main=SETTINGS + "freeze_tell = x@from.example\n",
        routers="al:\n driver = redirect\n domains = y.example\n allow_freeze\n allow_filter\n user = Debian-exim\n"
        " data = #Exim filter\\nfreeze cold\n" + ROUTERS,
    ),
    "frozen by the system filter, thawed, bounced": acl(
        "accept control = queue",
        main="system_filter = @D/filter\n",
        files={"filter": FREEZES},
        then=[("-qff",), ("-qff",)],
    ),
    "frozen by the system filter, thawed, unrouteable": acl(
        "accept control = queue",
        main="system_filter = @D/filter\n",
        files={"filter": FREEZES},
        routers="back:\n driver = accept\n domains = from.example\n transport = back\n",
        then=[("-qff",), ("-qff",)],
    ),
    "syntax errors: one good": errors("a@b@c, zed@z.example", " syntax_errors_text = please mend $local_part\n"),
    "syntax errors: none good": errors("a@b@c"),
    "syntax errors: filter": errors("#Exim filter\\ndeliver", " allow_filter\n user = Debian-exim\n"),
    "quota warning": full(main=SETTINGS),
    "quota warning: own words": full("From: me@x\\nTo: s@from.example, back@from.example\\nSubject: x\\n\\nwords\\n"),
    "quota warning: several headers": full(
        "To: s@from.example\\nCc: c@from.example\\nBcc: b@from.example\\nReply-To: xx@y\\n\\nwords\\n", main=SETTINGS
    ),
    "bounce: references, reply-to": Dialogue(said=WITH_ID, main=SETTINGS, peers=REFUSED),
}


def told(option: str, **more: Any) -> Dialogue:
    """A bounce, with an option about its text."""
    return Dialogue(main=f"{option}\n", peers=REFUSED, **more)


def copied(value: str) -> Dialogue:
    """A bounce, and who gets a copy of it; copies come to mailboxes, too."""
    return told(
        f"errors_copy = {value}", routers=ROUTERS.replace("from.example", "from.example : cc.example : test.example")
    )


BAD_ITEMS = "****\n".join(f"${{bad{number}}}\n" for number in range(5))
OUTPUT = TRANSPORTS.split("t:\n")[0] + "t:\n driver = pipe\n command = /bin/sh -c 'echo out; exit 3'\n return_output\n"
NO_ROOM = ("check_spool_space = 999999G\n", "check_log_inodes = 2000000000\n")
LINE = "From x@y Fri, 7 Jan 97 14:00:00 GMT\n"

CASES |= {
    "own words: bad items": told("bounce_message_file = @D/b", files={"b": BAD_ITEMS}),
    "own words: bad items, with output": Dialogue(
        main="bounce_message_file = @D/b\n", transports=OUTPUT + " user = Debian-exim\n", files={"b": BAD_ITEMS}
    ),
    "own words: what is no separator": told(
        "bounce_message_file = @D/b", files={"b": "Subject: a\n**** \nb\n*****\nc\n****\nd\n****"}
    ),
    "own words: no path": told("bounce_message_file = words"),
    "own words: no text": told("bounce_message_file ="),
    "own words: cannot be expanded": told("bounce_message_file = ${if"),
    "own words: not clear": told("bounce_message_file = @D/$sender_address_domain"),
    "returned lines: none may be long": told("bounce_return_linesize_limit = 0"),
    "copies: without a domain": copied("*@from.example Joe <joe@cc.example> (c), unq"),
    "copies: parts of the pattern": copied(r"^(.)@from\\.(.*)\$ $1-$2-$local_part=$domain@cc.example"),
    "copies: cannot be expanded": copied("*@from.example ${if"),
    "copies: unknown list": copied("+nowhere a@cc.example"),
    "name in another character set": Dialogue(
        main="headers_charset = KOI8-R\n", args=("-odi", "-F", "J\xf6rg", "joe@y.example"), said="Subject: x\n\nx\n"
    ),
    "name in another character set, submitted": Dialogue(
        main="headers_charset = KOI8-R\n",
        said=EHLO + ENVELOPE + "DATA\r\nSubject: x\r\n\r\nx\r\n.\r\n" + QUIT,
        acl="rcpt:\n accept control = submission/name=J\xf6rg\n",
    ),
    "From line over SMTP": Dialogue(
        main="ignore_fromline_local\n",
        args=("-bs", "-odi"),
        said=EHLO + ENVELOPE + f"DATA\r\n{LINE}x: y\r\n.\r\n" + QUIT,
    ),
    "From line over SMTP, no address": Dialogue(
        main="ignore_fromline_local\nuucp_from_sender = $1 $0\n",
        args=("-bs", "-odi"),
        said=EHLO + ENVELOPE + f"DATA\r\n{LINE}x: y\r\n.\r\n" + QUIT,
    ),
    "From line, sender fails": Dialogue(
        main="uucp_from_sender = ${if\n", args=("-odi", "joe@y.example"), said=f"{LINE}x: y\n\nz\n"
    ),
    **{
        f"no room, {args[0]}, {option.split(' ')[0]}": Dialogue(
            main=option, args=args, said=said, ignore="space check failed"
        )
        for option in NO_ROOM
        for args, said in ((("-odi", "joe@y.example"), "Subject: x\n\nx\n"), (("-bS", "-odi"), ENVELOPE + DATA))
    },
}


def submitted(header: str, user: str = "egg", sender: str = "s@from.example", control: str = "") -> Dialogue:
    """An authenticated submission."""
    login = base64.b64encode(f"\0{user}\0p".encode()).decode()
    return Dialogue(
        said=f"{EHLO}AUTH PLAIN {login}\r\nMAIL FROM:<{sender}>\r\nRCPT TO:<joe@y.example>\r\n"
        f"DATA\r\n{header}\r\nx\r\n.\r\n{QUIT}",
        authenticators="p:\n driver = plaintext\n public_name = PLAIN\n server_prompts = :\n server_condition = true\n"
        " server_set_id = $auth2\n",
        acl=f"rcpt:\n accept control = submission{control}\n",
        routers=ROUTERS.partition("r:\n")[1] + ROUTERS.partition("r:\n")[2],
    )


CASES |= {
    "submission: no From": submitted(""),
    "submission: no From, no sender": submitted("", sender=""),
    "submission: no From, named": submitted("", control="/domain=d.example/name=Humpty Dumpty"),
    "submission: no From, the whole address": submitted("", "egg@d.example", control="/domain="),
    "submission: no From, sender kept": submitted("", control="/sender_retain"),
    "submission: other From, no sender": submitted("From: a@b.example\r\n", sender=""),
    "submission: From without a domain": submitted("From: egg\r\n"),
    "submission: two From": submitted("From: egg@test.example\r\nFrom: a@b.example\r\n"),
    "submission: name that must be quoted": submitted("From: a@b.example\r\n", "egg@d.example"),
    **{
        f"caller: {' '.join(map(repr, args))}": Dialogue(args=(*args, "joe@y.example"), said="Subject: x\n\nhi\n")
        for args in (
            ("-F", ""),
            ("-F", " \ta b "),
            ("-F", "", "-f", "s@from.example"),
            ("-oMaa", "auth"),
            ("-oMaa", "auth", "-oMai", "me", "-oMas", "q@x.example"),
            ("-oMaa", "auth", "-oMa", "192.0.2.1"),
        )
    },
    "caller: local SMTP said to be authenticated": Dialogue(args=("-bs", "-oMaa", "auth", "-oMai", "me", "-odi")),
}
