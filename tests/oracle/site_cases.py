"""What the configurations of sites do with the sender, the client's greeting, capital letters in recipients, and
message ids. The text is our own."""

from __future__ import annotations

from typing import Any

from .session_world import DATA, EHLO, ENVELOPE, QUIT, Dialogue

BACK = "b:\n driver = accept\n domains = from.example : new.example\n transport = back\n"
NEW = "*@old.example $1@new.example E\n"
VERIFY = (
    "rcpt:\n warn log_message = before F=$sender_address\n require verify = sender\n"
    " warn log_message = after F=$sender_address\n accept\n"
)
KNOWN = "n:\n driver = accept\n domains = new.example : from.example : y.example\n transport = back\n"
UNKNOWN = BACK.replace("new.example", "y.example") + (
    "f:\n driver = redirect\n allow_fail\n allow_defer\n data = :@:  not $local_part@$domain\n"
)
FROM_OLD = EHLO + "MAIL FROM:<s@old.example>\r\nRCPT TO:<joe@y.example>\r\nRCPT TO:<ann@y.example>\r\n" + DATA + QUIT


def rewritten(routers: str, acl: str = VERIFY, selector: str = "+address_rewrite", main: str = "") -> Dialogue:
    """A sender that is rewritten when it is verified."""
    return Dialogue(said=FROM_OLD, acl=acl, routers=routers, rewrite=NEW, selector=selector, main=main)


_SENDERS = {
    "good": rewritten(KNOWN),
    "unknown": rewritten(UNKNOWN.replace(":@:", ":fail:")),
    "deferred": rewritten(UNKNOWN.replace(":@:", ":defer:")),
    "another address": rewritten(
        UNKNOWN.replace(":@:", ":fail:"),
        "rcpt:\n warn !verify = sender=x@old.example\n logwrite = $acl_verify_message\n accept\n",
    ),
    "discarded": rewritten(KNOWN, "rcpt:\n require verify = sender\n discard log_message = gone\n"),
    "refused after DATA": rewritten(KNOWN, f"{VERIFY}data:\n deny\n", main="acl_smtp_data = data\n"),
    "address test": Dialogue(
        args=("-bt", "s@old.example"),
        said="",
        routers=KNOWN,
        rewrite=NEW.replace("E", "T"),
        selector="+address_rewrite",
    ),
}


def helo(line: str, **more: str) -> Dialogue:
    acl = "rcpt:\n warn !verify = helo\n log_message = not verified\n accept\n"
    return Dialogue(said=f"{line}\r\n{ENVELOPE}{DATA}{QUIT}", acl=acl, **more)


NAMES = "7.2.0.192.in-addr.arpa PTR client.example\nclient.example A 192.0.2.7\n"
_GREETINGS = {
    "literal": helo("HELO [192.0.2.7]"),
    "literal, name known": helo("EHLO [192.0.2.7]", zone=NAMES, main="host_lookup = *\n"),
    "literal, ports": helo("EHLO [192.0.2.7]", selector="-pid +incoming_port"),
    "other literal": helo("EHLO [192.0.2.8]"),
    "no brackets": helo("HELO 192.0.2.7", zone="a.example A 10.1.1.1\n"),
    "no brackets, must be right": helo("EHLO 192.0.2.7", zone="a.example A 10.1.1.1\n", main="helo_verify_hosts = *\n"),
    "IPv6": Dialogue(
        said=f"EHLO [IPv6:2001:db8::7]\r\n{ENVELOPE}{DATA}{QUIT}",
        args=("-bs", "-oMa", "2001:db8::7", "-oMi", "2001:DB8:0::8", "-odi"),
        acl="rcpt:\n warn logwrite = $sender_host_address $interface_address\n accept\n",
    ),
}

LETTERS = (
    EHLO
    + "MAIL FROM:<s@from.example>\r\n"
    + "".join(
        f"RCPT TO:<{name}>\r\n"
        for name in (
            "JOE@Y.example",
            "PRE-Ann@y.example",
            "Ann-suf@y.example",
            "DEF@y.EXAMPLE",
            "CASE@Y.example",
            '"A.b"@Y.example',
        )
    )
    + DATA
    + QUIT
)
AFFIXES = (
    "p:\n driver = redirect\n local_part_prefix = Pre-\n allow_fail\n data = :fail: pre\n"
    "s:\n driver = accept\n local_parts = zz\n local_part_suffix = -Suf\n local_part_suffix_optional\n transport = back\n"
    "d:\n driver = redirect\n local_parts = def\n allow_defer\n data = :defer: later\n"
)
CASEFUL = "c:\n driver = accept\n domains = never.example\n caseful_local_part\n transport = back\n"
QUEUED = ("-bp", "-bpa", "-bpu")


def capitals(routers: str, *, lists: bool = False, main: str = "") -> Dialogue:
    """Recipients with capital letters. Listings show the size, which depends on the length of ids."""
    return Dialogue(
        said=LETTERS,
        routers=BACK + routers,
        main=main,
        then=[(each,) for each in QUEUED] if lists else (),
        ignore=r"^ 0m ",
    )


_CAPITALS = {
    "nobody": capitals(""),
    "affixes": capitals(AFFIXES, lists=True),
    "caseful": capitals(AFFIXES + CASEFUL),
    "redirected": capitals(
        "r:\n driver = redirect\n local_parts = joe : def\n data = Fred@Y.example\n"
        "d:\n driver = redirect\n local_parts = ann\n allow_defer\n data = :defer: later\n",
        lists=True,
    ),
    "held": capitals("", main="hold_domains = y.example\n", lists=True),
    "queued": capitals("", main="queue_domains = y.example\n"),
    "ourselves": capitals("m:\n driver = manualroute\n route_list = * 127.0.0.1\n self = freeze\n transport = t\n"),
}


def about(header: str) -> Dialogue:
    """The bounce of a message that refers to others."""
    text = f"DATA\r\nMessage-ID: <m@x>\r\n{header}\r\nSubject: x\r\n\r\n.\r\n"
    return Dialogue(said=f"{EHLO}{ENVELOPE}{text}{QUIT}", routers=BACK, ignore=r"^(?!References)")


_REFERENCES = {
    header: about(header)
    for header in (
        "References: <a@b>\r\n\t<c@d>",
        "References: (said) <a@b><c@d>",
        "References: some <a@b>",
        "References: <a@b>, <c@d>",
        "References:\r\nIn-Reply-To: <c@d>",
        "References: <a@b>\r\nReferences: <c@d>",
        'References: <"a b"@c> <d@[1.2.3.4]>',
        "In-Reply-To: <a@b> (comment) <c@d>",
        "In-Reply-To: Your message\r\nIn-Reply-To: <c@d>",
    )
}
_REFERENCES["refused by acl_not_smtp"] = Dialogue(
    said="From: s@from.example\nTo: joe@y.example\nReferences: <a@b>\nMessage-ID: <m@x>\nSubject: x\n\nhi\n",
    args=("-odi", "-f", "s@from.example", "joe@y.example"),
    main="acl_not_smtp = local\n",
    acl="local:\n deny senders = !:\n accept\n",
)


def lines(expressions: str) -> Dialogue:
    """The content scanned by `regex`."""
    return Dialogue(
        main="acl_smtp_data = data\n",
        acl=f"rcpt:\n accept\ndata:\n deny regex = {expressions}\n message = <$regex_match_string> $regex1 $regex2\n accept\n",
    )


_SCANNED = {
    "several match": lines("[Hh]ell : ^H.*o : Hello"),
    "different lines": lines("Hello : ^Subject"),
    "first line": lines("^(From|X-En).(..)"),
    "envelope": lines("^X-Envelope-(..): (.*)\\$"),
}

COUNT = "${lookup sqlite{select count(*) from t}}"
INSERT = "${lookup sqlite{insert into t values(2)}{yes}{no}}"
UPDATE = "${lookup sqlite{update t set x = 3 where x = 99}{yes}{no}}"
TABLE = "${run{/usr/bin/sqlite3 @D/box/db 'create table t(x int)'}}"


def tables(*strings: str) -> Dialogue:
    """Strings expanded one after the other for one recipient."""
    steps = "".join(f" set acl_m{number} = {string}\n" for number, string in enumerate(strings))
    shown = "/".join(f"$acl_m{number}" for number in range(len(strings)))
    return Dialogue(
        said=f"{EHLO}{ENVELOPE}{QUIT}",
        main="sqlite_dbfile = @D/box/db\n",
        acl=f"rcpt:\n warn set acl_c0 = {TABLE}\n{steps} logwrite = {shown}\n accept\n",
        ignore="SQLite format|^box/db|\0",
    )


_TABLES = {
    "counted again": tables(COUNT, INSERT, COUNT, INSERT, COUNT),
    "nothing changed": tables(COUNT, UPDATE, COUNT),
}


def members(text: str, options: str = "skip_syntax_errors") -> Dialogue:
    """A list of addresses in a file."""
    return Dialogue(
        said=f"{EHLO}MAIL FROM:<s@from.example>\r\nRCPT TO:<list@z.example>\r\n{DATA}{QUIT}",
        files={"list": text},
        routers=BACK.replace("new.example", "y.example") + f"r:\n driver = redirect\n file = @D/list\n {options}\n",
        ignore="^[^I]|<=",  # the log
    )


_LISTS = {
    "bracket": members("bad <\nann@y.example\nbob@y.example, cal@y.example\n"),
    "address in brackets": members("Joe <joe@y.example\n>\ncal@y.example\n"),
    "quote": members('"Joe\nann@y.example\n X" <bob@y.example>\ncal@y.example\n'),
    "comment": members("joe@y.example (comment\nann@y.example\n more)\nbob@y.example\n"),
    "literal": members("joe@[1.2\nann@y.example\n"),
    "not skipped": members("bad <\nann@y.example\n", "allow_fail"),
    "told": members("bad <\nann@y.example\n", "skip_syntax_errors\n syntax_errors_to = err-$local_part@y.example"),
    "cannot be told": members("bad <\nann@y.example\n", "skip_syntax_errors\n syntax_errors_to = ${if eq{a}@y.example"),
}
BATCH = """
t2:
 driver = appendfile
 file = @D/box/all
 user = Debian-exim
 batch_max = 10
 headers_add = X-Data: $address_data <$domain>
"""
_OTHER = {
    "duplicates in a test": Dialogue(
        args=("-bt", "c@y.example", "a@y.example", "C@y.example", "c@y.example"),
        said="",
        routers="a:\n driver = redirect\n local_parts = a\n data = c@y.example\nr:\n driver = accept\n transport = t\n",
    ),
    "history": Dialogue(
        said=EHLO
        + "MAIL FROM:<s@from.example>\r\n"
        + "RCPT TO:<joe@y.example>\r\n" * 25
        + "RCPT TO:<show@y.example>\r\n"
        + "MAIL FROM:<x>\r\n" * 5,
        acl="rcpt:\n deny local_parts = show\n message = $smtp_command_history\n accept\n",
    ),
    "history without MAIL": Dialogue(
        said=EHLO + "RSET\r\n" * 25 + QUIT, main="smtp_accept_max_nonmail = 100\n", selector="-pid +smtp_no_mail"
    ),
    "data of a batch": Dialogue(
        routers=BACK + "r:\n driver = accept\n address_data = data of $local_part\n transport = t2\n",
        transports=f"back:\n driver = appendfile\n file = @D/box/back\n user = Debian-exim\n{BATCH}",
        said=f"{EHLO}MAIL FROM:<s@from.example>\r\nRCPT TO:<joe@y.example>\r\nRCPT TO:<ann@y.example>\r\n{DATA}{QUIT}",
    ),
}
NOISE = r"^Received|^\t|^25|^[A-Z][a-z-]*:|^$"


def late(routers: str, **more: Any) -> Dialogue:
    """A queue run that finds no retry time reached, later than the time of a warning; that time leaves a busy machine
    three seconds for the first attempt, which would warn."""
    return Dialogue(
        said=f"{EHLO}MAIL FROM:<s@from.example>\r\nRCPT TO:<joe@y.example>\r\nRCPT TO:<ann@y.example>\r\n{DATA}{QUIT}",
        main="delay_warning = 3s\n",
        routers=BACK + routers,
        transports="back:\n driver = appendfile\n file = @D/box/back\n user = Debian-exim\n"
        "t:\n driver = smtp\n port = 1\n allow_localhost\n",
        then=[("sleep", "4.2"), ("-q",)],
        ignore=NOISE,
    )


HOST = "m:\n driver = manualroute\n route_list = * 127.0.0.1\n self = send\n transport = t\n"
LATER = "f:\n driver = redirect\n local_parts = ann\n allow_defer\n data = :defer: later on\n"
_WARNINGS = {"routing": late(LATER + HOST), "hosts": late(HOST)}


def short(acl: str, said: str = EHLO + ENVELOPE + DATA + QUIT, routers: str = BACK) -> Dialogue:
    """Replies of one line."""
    return Dialogue(
        said=said,
        main="acl_smtp_connect = short\nacl_smtp_data = data\n",
        acl=f"short:\n accept control = no_multiline_responses\n{acl}",
        routers=routers,
    )


KEPT = "rcpt:\n accept message = one\\ntwo\n"
_SHORT = {
    "accepted": short(f"{KEPT}data:\n accept message = a\\nb\n", routers=BACK.replace("new.example", "y.example")),
    "fakereject": short(
        f"{KEPT}data:\n accept control = fakereject/one\\ntwo\n", routers=BACK.replace("new.example", "y.example")
    ),
    "refused": short("rcpt:\n deny message = one\\ntwo\ndata:\n accept\n"),
    "errors": short("rcpt:\n accept\ndata:\n accept\n", f"{EHLO}HELP\r\n" + "DATA\r\n" * 5),
}
_QUEUES = {
    "tainted": Dialogue(acl="rcpt:\n warn queue = side-$local_part\n accept\n"),
    "fixed": Dialogue(acl="rcpt:\n warn queue = side-a\n accept\n"),
}
CASES = {
    f"{family}: {name}": case
    for family, cases in {
        "sender rewritten": _SENDERS,
        "greeting": _GREETINGS,
        "capitals": _CAPITALS,
        "references": _REFERENCES,
        "regex": _SCANNED,
        "sqlite": _TABLES,
        "list": _LISTS,
        "other": _OTHER,
        "warning": _WARNINGS,
        "one line": _SHORT,
        "queue": _QUEUES,
    }.items()
    for name, case in cases.items()
}
