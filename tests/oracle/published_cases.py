"""What configurations that people published do: hosting panels, relays, lists, greylisting. The text is our own."""

from __future__ import annotations

from typing import Any

from .session_world import EHLO, Dialogue

RCPT = EHLO + "MAIL FROM:<s@from.example>\r\nRCPT TO:<joe@y.example>\r\nQUIT\r\n"
VERIFIES = "rcpt:\n require verify = recipient\n accept\n"
NULL = "nul:\n driver = appendfile\n file = /dev/null\n"
GAVE_UP = 'lookup of "select 1" gave DEFER: no PostgreSQL servers defined (pgsql_servers option)'
FAILS = "last:\n driver = redirect\n allow_fail\n data = :fail: nobody here\n"
PGSQL = "${lookup pgsql{select 1}}"


MANY = "".join(f"RCPT TO:<r{number}@y.example>\r\n" for number in range(6))
REVERSE = "rcpt:\n require verify = reverse_host_lookup\n accept\n"
FORGED = "7.2.0.192.in-addr.arpa PTR forged.example\nforged.example A 192.0.2.9\n"


def verifies(routers: str, acl: str = VERIFIES, **more: Any) -> Dialogue:
    """Is the recipient verified? By the session, and by -bv."""
    return Dialogue(said=RCPT, acl=acl, routers=routers, transports=NULL, then=[("-bv", "joe@y.example")], **more)


def vacation(rest: str, acl: str = VERIFIES) -> Dialogue:
    """An autoresponder takes a copy before the rest is asked."""
    return verifies(f"away:\n driver = accept\n transport = nul\n unseen\n{rest}", acl)


def defers(option: str, driver: str = "redirect", **more: Any) -> Dialogue:
    return verifies(f"r:\n driver = {driver}\n {option}\n", **more)


def placed(options: str) -> Dialogue:
    """The mailbox can be made nowhere."""
    return Dialogue(
        routers="r:\n driver = accept\n transport = t\n",
        transports=f"t:\n driver = appendfile\n user = Debian-exim\n {options}\n",
        ignore="while creating file",
    )


def warned(modifier: str) -> Dialogue:
    return Dialogue(said=RCPT, acl=f"rcpt:\n warn {modifier}\n accept\n")


AUTHENTICATOR = "a:\n driver = dovecot\n public_name = PLAIN\n server_set_id = $auth1\n server_socket = "


SCORED = b"RSPAMD/1.3 0 EX_OK\r\nMetric: default; False; 1.0 / 15.0 / 15.0\r\nAction: no action\r\n\r\n"
OFFERED = b"VERSION\t1\t1\nMECH\tLOGIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\tx\nDONE\n"


def service(where: str, **more: Any) -> Dialogue:
    """Dovecot is not there, or of no use."""
    said = f"{EHLO}AUTH PLAIN AGEAYg==\r\nQUIT\r\n"
    return Dialogue(said=said, authenticators=f"{AUTHENTICATOR}{where}\n", **more)


def twice(routers: str) -> Dialogue:
    """What routing makes of a recipient, and what two attempts deliver."""
    return Dialogue(
        routers=routers,
        transports=NULL.replace("file", "user = Debian-exim\n file", 1),
        then=[("-bt", "joe@y.example"), ("-qf",)],
    )


AWAY = "away:\n driver = accept\n local_parts = joe\n transport = nul\n unseen\n"
LATER = "later:\n driver = redirect\n domains = y.example\n allow_defer\n data = :defer: later\n"
KEPT = "box:\n driver = accept\n transport = nul\n"

_UNSEEN = {
    "then nobody": vacation(FAILS),
    "then nothing": vacation(""),
    "then somebody": vacation("box:\n driver = accept\n transport = nul\n"),
    "then deferred": vacation("last:\n driver = redirect\n allow_defer\n data = :defer: later\n"),
    "then two": vacation("last:\n driver = redirect\n data = a@y.example, b@y.example\n"),
    "then redirected to nobody": vacation(
        "on:\n driver = redirect\n local_parts = joe\n data = nobody@y.example\n" + FAILS,
    ),
    "then deferred, tried again": twice(f"{AWAY}also:\n driver = accept\n transport = nul\n unseen\n{LATER}"),
    "forwarded as well, then deferred": twice(
        f"{AWAY}on:\n driver = redirect\n local_parts = joe\n unseen\n data = ann@y.example, joe@y.example\n{LATER}"
    ),
    "forwarded to the same name elsewhere": twice(
        f"{AWAY}on:\n driver = redirect\n local_parts = joe\n unseen\n check_ancestor\n"
        f" data = joe@z.example, ann@y.example\n{LATER}{KEPT}"
    ),
    "redirected as well": verifies("on:\n driver = redirect\n unseen\n data = nobody@y.example\n" + FAILS),
    "good when redirected": vacation(FAILS, "rcpt:\n require verify = recipient/success_on_redirect\n accept\n"),
}
_LOOPS = {
    "redirect_router is the router itself": twice(
        "on:\n driver = redirect\n local_parts = joe\n redirect_router = on\n data = joe@y.example, ann@y.example\n"
        + KEPT
    ),
    "redirect_router in a circle": twice(
        "one:\n driver = redirect\n local_parts = joe\n unseen\n redirect_router = two\n data = joe@y.example, x@y.example\n"
        "two:\n driver = redirect\n local_parts = joe : x\n unseen\n redirect_router = one\n data = joe@y.example\n"
        + KEPT
    ),
}
_DEFERRED = {
    "missing file": defers("data = ${lookup{x}lsearch{/nonexistent/file}}"),
    "lookup": defers(
        f"data = {PGSQL}",
        differs=(
            "-joe@y.example cannot be resolved at this time: Temporary internal error",
            f'+joe@y.example cannot be resolved at this time: failed to expand "{PGSQL}": {GAVE_UP}',
        ),
    ),
    "syntax": defers("data = ${if eq{a}"),
    "bad address": defers("data = a b c <"),
    "unreadable": defers("file = /nonexistent/x/y"),
    "transport": defers("transport = ${lookup{x}lsearch{/nonexistent/file}}", "accept"),
    "self": defers("route_list = * 127.0.0.1\n transport = nul\n self = defer", "manualroute"),
    "self, frozen": defers("route_list = * 127.0.0.1\n transport = nul\n self = freeze", "manualroute"),
}


def piped(data: str, options: str = "") -> Dialogue:
    """A redirection to a command."""
    return Dialogue(
        routers=f"r:\n driver = redirect\n data = {data}\n pipe_transport = t\n",
        transports=f"t:\n driver = pipe\n user = Debian-exim\n{options}",
        files={"aliases": "joe: \"|/bin/sh -c 'cat >/dev/null; kill -9 $$'\"\n"},
    )


def filed(*recipients: str) -> Dialogue:
    """Mailboxes that redirections name, of recipients that are redirected to each other."""
    return Dialogue(
        said=EHLO + "MAIL FROM:<s@from.example>\r\n" + "".join(f"RCPT TO:<{each}>\r\n" for each in recipients)
        + "DATA\r\nSubject: hi\r\n\r\nx\r\n.\r\nQUIT\r\n",
        routers="team:\n driver = redirect\n local_parts = team\n data = joe@y.example, ann@y.example\n"
        "alias:\n driver = redirect\n domains = alias.example\n data = $local_part@y.example\n"
        "on:\n driver = redirect\n local_parts = ann\n unseen\n check_ancestor\n data = bob@y.example, joe@y.example\n"
        "box:\n driver = redirect\n local_parts = joe : ann : bob\n data = @D/box/$local_part_data\n file_transport = t\n",
        transports="t:\n driver = appendfile\n user = Debian-exim\n",
    )  # fmt: skip


def refused_by_recipient(option: str, told: dict[str, Any]) -> Dialogue:
    """What a server says of the message after it, for each recipient."""
    return Dialogue(
        said=EHLO + "MAIL FROM:<>\r\nRCPT TO:<joe@y.example>\r\nRCPT TO:<ann@y.example>\r\nDATA\r\n\r\n.\r\nQUIT\r\n",
        transports=f"t:\n driver = smtp\n port = @P1\n allow_localhost\n {option}\n",
        routers="r:\n driver = manualroute\n route_list = * 127.0.0.1\n self = send\n transport = t\n",
        peers=(told,),
    )


_LATE = {
    "LMTP, DATA": refused_by_recipient("protocol = lmtp", {"rules": [(".", b"250 ok\r\n552 full\r\n")]}),
    "LMTP, BDAT": refused_by_recipient(
        "protocol = lmtp", {"ehlo": ["CHUNKING"], "rules": [("BDAT", b"452 later\r\n552 full\r\n")]}
    ),
    "PRDR, BDAT": refused_by_recipient(
        "hosts_try_prdr = *",
        {"ehlo": ["CHUNKING", "PRDR"], "rules": [("BDAT", b"353 now\r\n250 ok\r\n552 full\r\n250 end\r\n")]},
    ),
}
_FILES = {
    "alias first": filed("joe@alias.example", "joe@y.example"),
    "alias last": filed("joe@y.example", "joe@alias.example"),
    "several": filed("joe@alias.example", "bob@alias.example", "bob@y.example", "joe@y.example"),
    "forwarded as well": filed("team@y.example"),
}
_PIPES = {
    "argument from outside": piped("|/bin/cat $local_part"),
    "command from outside": piped("|$local_part"),
    "for the shell": piped("|/bin/cat $local_part", " use_shell\n"),
    "with a forced command": piped("|/bin/cat $local_part", " force_command\n command = /bin/echo $address_pipe\n"),
    "killed": piped("${lookup{$local_part}lsearch{@D/aliases}}"),
    "killed in a shell": piped("|none", ' force_command\n use_shell\n command = kill -9 \\$\\$; echo "a b"\n'),
}
COUNT = "${lookup sqlite{select count(*) from t}}"
ADD = "import sqlite3\nwith sqlite3.connect('@D/spool/counted') as one:\n    one.execute('insert into t values (1)')\n"
COUNTED = Dialogue(
    main="sqlite_dbfile = @D/spool/counted\nacl_smtp_data = data\n",
    acl="rcpt:\n warn set acl_m_made = ${lookup sqlite{create table t (n int)}}\n accept\n"
    f"data:\n warn set acl_m_one = {COUNT}\n set acl_m_run = ${{run{{/usr/bin/python3 @D/add.py}}}}\n"
    f" set acl_m_two = {COUNT}\n accept\n",
    files={"add.py": ADD},
    routers="r:\n driver = accept\n transport = t\n",
    transports="t:\n driver = appendfile\n file = @D/box/b\n user = Debian-exim\n"
    f" headers_add = X-Count: $acl_m_one $acl_m_two {COUNT}\n",
)

_LOOKUPS = {
    "asked anew by the delivery": COUNTED,
    "warn": warned(f"condition = {PGSQL}"),
    "warn sets": warned(f"set acl_m_x = {PGSQL}"),
    "deny": Dialogue(said=RCPT, acl=f"rcpt:\n deny condition = {PGSQL}\n accept\n"),
    "in a match": warned("condition = ${if match_domain{a}{pgsql;select 1}}"),
    "dnslists": warned(f"dnslists = {PGSQL}"),
}
_OTHER = {
    "rspamd is told the host's name": Dialogue(
        main="acl_smtp_data = data\nspamd_address = 127.0.0.1 @P1 variant=rspamd\n",
        acl="rcpt:\n accept\ndata:\n warn spam = nobody:true\n deny message = $spam_score $spam_action $sender_host_name\n",
        zone="7.2.0.192.in-addr.arpa PTR client.example\nclient.example A 192.0.2.7\n",
        peers=({"banner": SCORED, "rules": [("bye", None), ("", b"")]},),
        ignore="^Content-length|^From MAILER-DAEMON|^Queue-Id|^250-SIZE",
    ),
    "names made safe in Perl": Dialogue(
        main="perl_startup = do '@D/safe.pl'\n",
        files={"safe.pl": "sub safe { my $name = shift; $name =~ /(\\w+)/; return $1; }\n"},
        routers="r:\n driver = accept\n transport = t\n",
        transports="t:\n driver = appendfile\n user = Debian-exim\n file = @D/box/${perl{safe}{$local_part}}\n",
    ),
    "folders beyond ASCII": Dialogue(
        main="spool_directory = @D/box/sp\u00f6\u2603\nlog_file_path = @D/box/l\u00f6g\u2603/%slog\n",
        routers="r:\n driver = accept\n transport = t\n",
        transports="t:\n driver = appendfile\n user = Debian-exim\n file = @D/box/m\u00e4il\n",
        ignore="^-- box/sp|paniclog",
    ),
    "no host name, not logged": Dialogue(
        said=RCPT, acl=REVERSE, zone="a.example A 10.1.1.1\n", selector="-pid -host_lookup_failed"
    ),
    "no place for a maildir": placed("maildir_format\n directory = /no/such/place"),
    "no place for a directory": placed("directory = /no/such/place"),
    "no place for a mailbox": placed("file = /no/such/place"),
    "many recipients refused": Dialogue(
        said=EHLO + "MAIL FROM:<s@from.example>\r\n" + MANY + "DATA\r\nSubject: hi\r\n\r\nx\r\n.\r\nQUIT\r\n",
        main="acl_smtp_data = data\n",
        acl="rcpt:\n accept\ndata:\n deny\n",
    ),
    "errors_to without a domain": Dialogue(
        routers="b:\n driver = accept\n local_parts = box\n transport = nul\n"
        "r:\n driver = manualroute\n route_list = * 127.0.0.1\n self = send\n errors_to = box\n transport = t\n",
        transports=NULL + "t:\n driver = smtp\n port = @P1\n allow_localhost\n",
    ),
    "incoming interface": Dialogue(selector="-pid +incoming_interface"),
    "no host name": Dialogue(said=RCPT, acl=REVERSE, zone="a.example A 10.1.1.1\n", ignore="^250-SIZE"),
    "no host name, looked up before": Dialogue(
        said=RCPT, acl=REVERSE, main="host_lookup = *\n", zone="a.example A 10.1.1.1\n"
    ),
    "forged host name": Dialogue(said=RCPT, acl=REVERSE, zone=FORGED),
    "forged host name, looked up before": Dialogue(said=RCPT, acl=REVERSE, main="host_lookup = *\n", zone=FORGED),
    "maildir in a home": Dialogue(
        routers="r:\n driver = accept\n user = Debian-exim\n router_home_directory = @D/box\n transport = t\n",
        transports="t:\n driver = appendfile\n file = $home/mail\n",
    ),
    "system filter without a first line": Dialogue(
        main="system_filter = @D/filter\n", files={"filter": 'headers add "X-Seen: $h_subject:"\n'}
    ),
    "neither user nor group are found": Dialogue(
        routers="r:\n driver = accept\n transport = nul\n",
        transports=f"{NULL} user = ${{lc:}}\n group = ${{lc:}}\n",
    ),
    "neither user nor group are found, by a router": Dialogue(
        routers="r:\n driver = accept\n user = ${lc:}\n group = ${lc:}\n transport = nul\n", transports=NULL
    ),
    "route_list that cannot be decided": Dialogue(
        routers='r:\n driver = manualroute\n route_list = "pgsql;select 1" 127.0.0.1\n transport = nul\n',
        transports=NULL,
        then=[("-bt", "joe@y.example")],
    ),
    "never_users": Dialogue(
        main="never_users = root\n",
        routers="r:\n driver = accept\n user = root\n transport = nul\n",
        transports=NULL,
    ),
    "dovecot: no socket": service("/nonexistent/sock"),
    "dovecot: no server": service("127.0.0.1 1"),
    "dovecot: no port": service("127.0.0.1:1"),
    "dovecot: another mechanism": service("127.0.0.1 @P1", peers=({"banner": OFFERED},), ignore="CPID|^VERSION"),
    "unknown commands in a transaction": Dialogue(
        said=EHLO + "MAIL FROM:<s@from.example>\r\nA\r\nB\r\nC\r\nD\r\n", selector="+smtp_incomplete_transaction"
    ),
}
CASES = {
    f"{family}: {name}": case
    for family, cases in {
        "unseen": _UNSEEN,
        "loop": _LOOPS,
        "deferred": _DEFERRED,
        "lookup": _LOOKUPS,
        "pipe": _PIPES,
        "same file": _FILES,
        "refused late": _LATE,
        "other": _OTHER,
    }.items()
    for name, case in cases.items()
}
