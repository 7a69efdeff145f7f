"""The ways a message goes: hosts one after another, the system filter, routers and what they generate."""

from __future__ import annotations

from typing import Any

from .dsn_cases import FAILS, LOCAL
from .session_world import DATA, EHLO, ENVELOPE, QUIT, ROUTERS, TRANSPORTS, Dialogue

B = "RCPT TO:<b@y.example>\r\n"
C = "RCPT TO:<c@y.example>\r\n"
TWO = EHLO + ENVELOPE + B + DATA + QUIT
REFUSED = [{"rules": [FAILS]}]
LATER = {"rules": [("RCPT", b"450 later\r\n")]}
ONE_BY_ONE = "remote_max_parallel = 1\n"
FILTERED = """system_filter = @D/filter
system_filter_user = Debian-exim
system_filter_file_transport = box
system_filter_pipe_transport = pi
system_filter_reply_transport = re
"""
LOCALS = """box:
 driver = appendfile
 user = Debian-exim
pi:
 driver = pipe
 user = Debian-exim
re:
 driver = autoreply
 user = Debian-exim
"""


def hosts(*peers: dict[str, Any], options: str = "", **more: Any) -> Dialogue:
    """Two hosts for every recipient, tried in this order."""
    routers = ROUTERS.replace("* 127.0.0.1", "* 127.0.0.1::@P1:127.0.0.1::@P2")
    return Dialogue(peers=peers, routers=routers, transports=TRANSPORTS.replace(" port = @P1\n", "") + options, **more)


def filtered(text: str, **more: Any) -> Dialogue:
    """A system filter that leaves bounces alone."""
    commands = f'# Exim filter\nif $sender_address is not "" then\n{text}\nendif\n'
    main = FILTERED + more.pop("main", "")
    return Dialogue(main=main, files={"filter": commands}, transports=TRANSPORTS + LOCALS, **more)


def local(driver: str, options: str, **more: Any) -> Dialogue:
    return Dialogue(
        routers=LOCAL, transports=f"{TRANSPORTS}box:\n driver = {driver}\n user = Debian-exim\n{options}", **more
    )


def reply(options: str, **more: Any) -> Dialogue:
    return local("autoreply", " from = me@from.example\n" + options, **more)


def pipe(command: str, options: str = "", **more: Any) -> Dialogue:
    return local("pipe", f" command = {command}\n{options}", **more)


def file(options: str, **more: Any) -> Dialogue:
    return local("appendfile", options, **more)


def secondary(main: str) -> Dialogue:
    """A host that cannot be reached, with another one behind it, and somewhere to fall back."""
    return Dialogue(
        zone="y.example MX 10 a.y.example\ny.example MX 20 b.y.example\n"
        "a.y.example A 10.1.1.1\nb.y.example A 10.1.1.2\n",
        routers="r:\n driver = dnslookup\n domains = y.example\n transport = t\n fallback_hosts = 127.0.0.1::@P1\n",
        transports=TRANSPORTS.replace("@P1", "1") + " connect_timeout = 2s\n",
        main=main,
    )


SHELL = '/bin/sh -c "{}"'
TO = " to = $sender_address\n"

DELIVERIES = {
    "recipient put off by both hosts": hosts(LATER, {"rules": [("RCPT", b"450 y\r\n")]}),
    "recipient put off by the first host": hosts(LATER, {}),
    "one of two put off by the first host": hosts({"rules": [("RCPT TO:<b", b"450 x\r\n")]}, {}, said=TWO),
    "two put off by the first host": hosts(
        {"rules": [("RCPT TO:<b", b"450 x\r\n"), ("RCPT", b"451 y\r\n")]}, {}, said=TWO
    ),
    "put off, no more hosts allowed": hosts(LATER, {}, options=" hosts_max_try = 1\n"),
    "no hosts allowed": hosts({}, {}, options=" hosts_max_try = 0\n"),
    "no hosts allowed at all": hosts({}, {}, options=" hosts_max_try_hardlimit = 0\n"),
    "no hosts allowed, fallback hosts": hosts({}, {}, options=" hosts_max_try = 0\n fallback_hosts = 127.0.0.1\n"),
    "put off in a pipeline": hosts({"rules": [*LATER["rules"], ("DATA", b"503 no\r\n")], "ehlo": ("PIPELINING",)}, {}),
    "put off, logging disabled": hosts(LATER, {}, options=" disable_logging\n"),
    "first host busy": hosts({"banner": b"421 busy\r\n"}, {}),
    "first host busy, no more allowed": hosts({"banner": b"421 busy\r\n"}, {}, options=" hosts_max_try = 1\n"),
    "sender put off by the first host": hosts({"rules": [("MAIL", b"450 x\r\n")]}, {}),
    "data put off by the first host": hosts({"rules": [(".", b"450 x\r\n")]}, {}),
    "time-out at the first host": hosts({"rules": [("RCPT", b"")]}, {}, options=" command_timeout = 1s\n"),
    "fallback hosts of the router": Dialogue(
        peers=[{"banner": b"421 busy\r\n"}, {}], routers=ROUTERS + " fallback_hosts = 127.0.0.1::@P2\n"
    ),
    "fallback hosts of both": Dialogue(
        peers=[{"banner": b"421 busy\r\n"}, {}],
        routers=ROUTERS + " fallback_hosts = <; 127.0.0.2:1; 127.0.0.1:@P2\n",
        transports=TRANSPORTS + " fallback_hosts = 127.0.0.3::1\n",
    ),
    "fallback hosts, for one of two": Dialogue(
        said=TWO,
        peers=[{"rules": [("RCPT TO:<b", b"450 x\r\n")]}, {}],
        routers=ROUTERS + " fallback_hosts = 127.0.0.1::@P2\n",
    ),
    "fallback hosts in a redirected router": Dialogue(
        peers=[{"banner": b"421 busy\r\n"}, {}],
        routers="al:\n driver = redirect\n domains = y.example\n data = zed@z.example\n fallback_hosts = 127.0.0.3\n"
        + ROUTERS,
    ),
    "fallback hosts, one copy for two ways": Dialogue(
        said=EHLO + ENVELOPE + "RCPT TO:<b@z.example>\r\n" + DATA + QUIT,
        peers=[{"banner": b"421 busy\r\n"}, {}],
        routers=ROUTERS.replace("r:\n", "r:\n domains = y.example\n")
        + ROUTERS.split("\nr:\n")[1].replace("* 127.0.0.1", "* 127.0.0.3").join(("q:\n", "")),
        transports=TRANSPORTS + " fallback_hosts = 127.0.0.1::@P2\n",
        main=ONE_BY_ONE,
    ),
    "fallback hosts, after all others": Dialogue(
        said=EHLO + ENVELOPE + "RCPT TO:<b@z.example>\r\n" + DATA + QUIT,
        peers=[{"banner": b"421 busy\r\n"}, {}, {}],
        routers=ROUTERS.replace("r:\n", "r:\n domains = y.example\n")
        + ROUTERS.split("\nr:\n")[1].replace("* 127.0.0.1", "* 127.0.0.1::@P3").join(("q:\n", "")),
        transports=TRANSPORTS + " fallback_hosts = 127.0.0.1::@P2\n",
        main=ONE_BY_ONE,
    ),
    "fallback hosts that are this one": Dialogue(
        peers=[{"banner": b"421 busy\r\n"}],
        transports=TRANSPORTS.replace(" allow_localhost\n", " fallback_hosts = 127.0.0.1\n"),
    ),
    "fallback hosts of the router are none": Dialogue(
        peers=[{"banner": b"421 busy\r\n"}, {}],
        routers=ROUTERS + " fallback_hosts =\n",
        transports=TRANSPORTS + " fallback_hosts = 127.0.0.1::@P2\n",
    ),
    "fallback hosts, and we are a lesser MX": secondary(" hosts_treat_as_local = b.y.example\n"),
    "fallback hosts, and we are no MX": secondary(""),
    "lines too long": Dialogue(transports=TRANSPORTS + " message_linelength_limit = 5\n"),
    "max_rcpt": Dialogue(
        said=EHLO + ENVELOPE + B + C + DATA + QUIT, transports=TRANSPORTS + " max_rcpt = 2\n", main=ONE_BY_ONE
    ),
    "several domains": Dialogue(said=EHLO + ENVELOPE + "RCPT TO:<b@z.example>\r\n" + B + DATA + QUIT, main=ONE_BY_ONE),
    "errors_to": Dialogue(routers=ROUTERS + " errors_to = other@from.example\n", peers=REFUSED),
    "errors_to nobody": Dialogue(routers=ROUTERS + " errors_to =\n", peers=REFUSED),
    "errors_to expanded": Dialogue(routers=ROUTERS + " errors_to = ${local_part}-x@${domain}\n"),
    "errors_to that fails": Dialogue(
        routers="no:\n driver = redirect\n local_parts = bad\n allow_fail\n data = :fail: no\n"
        + ROUTERS
        + " errors_to = bad@from.example\n"
    ),
    "return_path": Dialogue(transports=TRANSPORTS + " return_path = ${local_part}-ret@x.example\n"),
    "router disables logging": Dialogue(routers=ROUTERS + " disable_logging\n"),
    "router disables logging, failure": Dialogue(routers=ROUTERS + " disable_logging\n", peers=REFUSED),
    "router disables logging, :fail:": Dialogue(
        routers="al:\n driver = redirect\n domains = y.example\n allow_fail\n disable_logging\n data = :fail: no\n"
        + ROUTERS
    ),
    "router disables logging, :defer:": Dialogue(
        routers="al:\n driver = redirect\n domains = y.example\n allow_defer\n disable_logging\n data = :defer: no\n"
        + ROUTERS
    ),
    "router disables logging, :blackhole:": Dialogue(
        routers="al:\n driver = redirect\n domains = y.example\n disable_logging\n data = :blackhole:\n" + ROUTERS
    ),
    "transport disables logging": Dialogue(transports=TRANSPORTS + " disable_logging\n"),
    "late filter, appendfile": file(
        " file = @D/box/j\n transport_filter = /bin/sleep 5\n transport_filter_timeout = 1s\n"
    ),
    "late filter, pipe": pipe("/bin/cat", " transport_filter = /bin/sleep 5\n transport_filter_timeout = 1s\n"),
    "system filter: deliver": filtered("deliver zed@z.example"),
    "system filter: save": filtered("save @D/box/saved"),
    "system filter: unseen save": filtered("unseen save @D/box/saved 0640"),
    "system filter: pipe": filtered("unseen pipe \"/bin/sh -c 'cat >@D/box/piped'\""),
    "system filter: mail": filtered('mail to back@from.example subject "Re: $h_subject:" text "hi\\nthere"'),
    "system filter: fail": filtered('fail text "552 5.7.1 no $sender_address"'),
    "system filter: fail, no words": filtered("fail"),
    "system filter: fail, words for the log": filtered('fail text "<<logged>>for user"'),
    "system filter: fail, two lines": filtered('fail text "a\\nb"', said=TWO),
    "system filter: save, then fail": filtered('unseen save @D/box/x\nfail text "plain words"'),
    "system filter: defer, then fail": filtered(
        'if first_delivery then defer text "x" endif\nfail text "words"',
        main="acl_not_smtp = n\n",
        acl="rcpt:\n accept\nn:\n accept control = queue\n",
        then=[("-qff",), ("-qff",)],
    ),
    "system filter: freeze, two lines": filtered('freeze text "a\\nb"'),
    "system filter: freeze, told": filtered('freeze text "hold"', main="freeze_tell = x@from.example\n"),
    "system filter: defer": filtered('defer text "later"'),
    "system filter: headers": filtered(
        'headers add "X-A: $h_from:"\nheaders remove Subject:X-B\nheaders charset utf-8'
    ),
    "system filter: numbers": filtered(
        'add 3 to n1\nadd $n1 to sn2\nheaders add "X-N: $n1 $sn2"\nif $n1 is above 2 then headers add "X-Y: y" endif'
    ),
    "system filter: syntax error": filtered("deliver"),
    "system filter: conditions": filtered(
        'if personal or $h_to: contains "joe" and not error_message then headers add "X-P: 1" endif\n'
        'if $recipients contains "joe@" then headers add "X-R: 1" endif\n'
        'if foranyaddress $h_to: ($thisaddress is joe@y.example) then headers add "X-F: 1" endif'
    ),
}
LATE_SMTP = " transport_filter = /bin/sleep 5\n transport_filter_timeout = 1s\n"
#: the next server is not troubled with what cannot be sent
UNTROUBLED = ("-MAIL FROM:<s@from.example>", "-RCPT TO:<joe@y.example>", "-DATA")
DIFFERENT = {
    "late filter, smtp": Dialogue(transports=TRANSPORTS + LATE_SMTP, differs=UNTROUBLED),
    "first pass routes": Dialogue(
        acl="rcpt:\n accept control = queue/first_pass_route\n",
        differs=(
            "-ID no immediate delivery: queued by ACL",
            (
                "+ID == joe@y.example R=r T=t defer (-1): first-pass only routing due to -odqs, queue_smtp_domains or "
                "control=queue"
            ),
        ),
    ),
    "quota of what is no mailbox": Dialogue(
        acl="rcpt:\n accept verify = recipient/quota\n",
        said=EHLO + ENVELOPE + QUIT,
        differs=(
            "-451 Temporary local problem - please try later",
            "+250 Accepted",
            (
                "-H=(client.example) [192.0.2.7] U=root F=<s@from.example> temporarily rejected RCPT <joe@y.example>: Could "
                "not complete recipient verify callout"
            ),
            (
                "-H=(client.example) [192.0.2.7] U=root F=<s@from.example> temporarily rejected RCPT <joe@y.example>: Could "
                "not complete recipient verify callout"
            ),
        ),
    ),
    "a file count of nothing": file(
        " directory = @D/box/md\n maildir_format\n quota = 100\n quota_filecount = 1\n",
    ),
    "a file count with folders": file(
        " directory = @D/box/md\n maildir_format\n quota = 1M\n quota_filecount = 5\n", times=4
    ),
    "a file count of a quota directory": file(
        " directory = @D/box/md/a/x\n quota_directory = @D/box/md\n maildir_format\n quota = 1M\n quota_filecount = 7\n",
        times=4,
    ),
    "sums that are in the way": file(
        " directory = @D/box/md\n maildir_format\n maildir_use_size_file\n maildir_tag = ,S=60\n"
        " quota_size_regex = S=(\\d+)\n quota = 390\n",
        times=4,
    ),
    "same host again": Dialogue(
        said=EHLO + "MAIL FROM:<s@from.example>\r\nRCPT TO:<b@b.example>\r\nRCPT TO:<b@a.example>\r\n" + DATA + QUIT,
        transports=TRANSPORTS + " multi_domain = false\n",
        main=ONE_BY_ONE + "remote_sort_domains = a.example : b.example\n",
        differs=(
            '-ID => b@b.example R=r T=t H=127.0.0.1 [127.0.0.1] C="250 OK"',
            '+ID => b@b.example R=r T=t H=127.0.0.1 [127.0.0.1]* C="250 OK"',
            "-(connected)",
            "-EHLO mx.test.example",
        ),
    ),
}
GENERATED = """
al:
 driver = redirect
 domains = y.example
 local_parts = ^al
 data = ${lookup{$local_part}lsearch{@D/aliases}}
 allow_fail
 pipe_transport = pp
 file_transport = fl
@A
fi:
 driver = redirect
 domains = y.example
 local_parts = ^fi
 data = #Exim filter\\n${sg{${lookup{$local_part}lsearch{@D/filters}}}{;}{\\n}}
 user = Debian-exim
 allow_filter
 allow_fail
 allow_defer
 allow_freeze
 pipe_transport = pp
 file_transport = fl
@F
"""


def generated(*to: str, aliases: str = "", filters: str = "", al: str = "", fi: str = "", **more: Any) -> Dialogue:
    """Recipients whose redirections and filters are told, with more options of the two routers."""
    more.setdefault("transports", TRANSPORTS)
    more["transports"] += "pp:\n driver = pipe\n user = Debian-exim\nfl:\n driver = appendfile\n user = Debian-exim\n"
    return Dialogue(
        said=EHLO + "MAIL FROM:<s@from.example>\r\n" + "".join(f"RCPT TO:<{one}>\r\n" for one in to) + DATA + QUIT,
        routers=GENERATED.replace("@A", al).replace("@F", fi) + ROUTERS.replace("r:\n", "r:\n domains = y.example\n"),
        files={"aliases": aliases, "filters": filters},
        **more,
    )


PIPE = "\"|/bin/sh -c 'exit 4'\""
MIXED = {
    "noerror alone": generated("fi1@y.example", filters="fi1: noerror deliver nosuch@q.example\n"),
    "forbidden twice": generated("al1@y.example", "al1@y.example", aliases=f"al1: {PIPE}\n", al=" forbid_pipe\n"),
    "failed, unseen": generated("al1@y.example", aliases="al1: :fail: no\n", al=" unseen\n"),
    "failed, unseen, with a pipe": generated(
        "fi1@y.example", filters='fi1: unseen pipe "/bin/sh -c \'exit 4\'"; fail text "x"\n', fi=" unseen\n"
    ),
    "a pipe of a filter that sees not": generated(
        "fi1@y.example", filters="fi1: unseen pipe \"/bin/sh -c 'exit 4'\"\n", fi=" unseen\n"
    ),
    "frozen for good": generated("fi1@y.example", filters='fi1: freeze text "x"\n', retry=""),
    "frozen, one for good": generated(
        "fi1@y.example",
        "fi2@y.example",
        filters='fi1: freeze text "x"\nfi2: freeze text "y"\n',
        retry="fi1@y.example * F,0s,1m\n* * F,1h,1m\n",
        then=(("-qff",),),
    ),
    "deferred by a filter that saves": generated(
        "fi1@y.example", filters='fi1: unseen save @D/box/yy; defer text "wait"\n', then=(("-qf",), ("-qf",))
    ),
    "frozen by a filter that saves": generated(
        "fi1@y.example", filters='fi1: unseen save @D/box/yy; freeze text "wait"\n', then=(("-q",), ("-qff",), ("-q",))
    ),
    "unseen with errors_to": generated(
        "al1@y.example",
        aliases="al1: @D/box/yy\n",
        al=" unseen\n errors_to = owner@from.example\n",
        selector="-pid +return_path_on_delivery",
    ),
    "forbidden file with return path": generated(
        "al1@y.example", aliases="al1: /x\n", al=" forbid_file\n", selector="-pid +return_path_on_delivery"
    ),
    "no wish to talk, another host": hosts({"banner": b"554 go away\r\n"}, {}),
    "no wish to talk after EHLO, another host": hosts({"rules": [("EHLO", b"550 x\r\n"), ("HELO", b"550 x\r\n")]}, {}),
    "no host wishes to talk": hosts({"banner": b"554 go away\r\n"}, {"banner": b"554 one\r\n"}),
    "no wish to talk, fallback hosts": hosts({"banner": b"554 x\r\n"}, {}, options=" fallback_hosts = 127.0.0.1\n"),
    "reply forbidden": generated(
        "fi1@y.example",
        filters="fi1: mail to a@from.example text x\n",
        fi=" forbid_filter_reply\n reply_transport = rp\n",
        transports=TRANSPORTS + "rp:\n driver = autoreply\n",
    ),
    "errors_to and a deferral": generated(
        "al1@y.example",
        "fi1@y.example",
        aliases="al1: :defer: no\n",
        filters='fi1: defer text "x"\n',
        retry="",
        al=" allow_defer\n errors_to = owner@from.example\n",
        fi=" errors_to = owner@from.example\n",
    ),
    "errors_to and a failure": generated(
        "al1@y.example",
        "fi1@y.example",
        aliases="al1: :fail: no\n",
        filters='fi1: fail text "x"\n',
        retry="",
        al=" errors_to = owner@from.example\n",
        fi=" errors_to = owner@from.example\n",
    ),
    "deferred beside others": generated(
        "al1@y.example", aliases="al1: @D/box/yy, :defer: no\n", al=" allow_defer\n", then=(("-qf",), ("-qf",))
    ),
    "two lines at MAIL": generated("r1@y.example", peers=({"rules": [("MAIL", b"421-a\r\n421 b\r\n")]},)),
    "two lines at once": generated("r1@y.example", peers=({"banner": b"421-a\r\n421 b\r\n"},)),
    "two lines at DATA": generated("r1@y.example", peers=({"rules": [("DATA", b"450-a\r\n450 b\r\n")]},)),
    "wrong filters, given up": generated(
        "fi1@y.example", "fi2@y.example", filters='fi1: headers add "X: y"\nfi2: defer text "x"\n', retry=""
    ),
    "no such directory, given up": generated("al1@y.example", aliases="al1: /nonexist/x\n", retry=""),
    "return path of a failure": generated(
        "r1@y.example",
        transports=TRANSPORTS + " return_path = rp@from.example\n",
        peers=({"rules": [("RCPT", b"550 no\r\n")]},),
        selector="-pid +return_path_on_delivery",
    ),
}
SHOWN = """show:
 driver = appendfile
 file = @D/box/out
 user = Debian-exim
 headers_add = X-V: $local_part o=$original_local_part p=$parent_local_part $local_part_prefix $address_data
"""
OWN = "a:\n driver = accept\n transport = show\n"
ALL = "last:\n driver = accept\n transport = show\n"
PARTS = "o=$original_local_part p=$parent_local_part"
AFFIXES = (
    " local_part_prefix = p- : P-\n local_part_prefix_optional\n local_part_suffix = +*\n local_part_suffix_optional\n"
)


def routed(to: str, routers: str, transports: str = "", **more: Any) -> Dialogue:
    """One message from the command line; what is not taken by these routers is shown in a file."""
    recipients = [f"{name}@y.example" for name in to.split()]
    said = "From: s@from.example\nSubject: hi\n\nbody\n"
    return Dialogue(
        args=("-odi", "-f", "s@from.example", *recipients),
        said=said,
        routers="b:\n driver = accept\n domains = from.example\n transport = back\n" + routers + ALL,
        transports=TRANSPORTS + SHOWN + transports,
        main=ONE_BY_ONE,
        **more,
    )


def files(**items: str) -> str:
    """A router for each of some recipients, with a `require_files`."""
    return "".join(
        f"{name}:\n driver = accept\n local_parts = {name}\n transport = show\n require_files = {item}\n"
        for name, item in items.items()
    )


ROUTED = {
    "full local parts": routed("P-Joe+X ann", f"{OWN}{AFFIXES} address_data = {PARTS}\n"),
    "full local parts, caseful": routed(
        "P-Joe+X", f"{OWN}{AFFIXES} caseful_local_part\n errors_to = $original_local_part@from.example\n"
    ),
    "full local parts of ancestors": routed(
        "P-Joe+X",
        f"p:\n driver = redirect\n domains = y.example\n data = Q-Ann@z.example\n{AFFIXES}"
        "q:\n driver = redirect\n domains = z.example\n local_part_prefix = q-\n data = Carl@w.example\n"
        f"{OWN} address_data = {PARTS}\n",
    ),
    "full local part of a file": routed(
        "P-Joe",
        f"p:\n driver = redirect\n domains = y.example\n data = @D/box/f\n{AFFIXES} file_transport = named\n",
        SHOWN.replace("show:", "named:").replace(" file = @D/box/out\n", ""),
    ),
    "full local part in an envelope": routed(
        "P-Joe+X",
        f"m:\n driver = manualroute\n route_list = * 127.0.0.1\n self = send\n transport = vt\n{AFFIXES}",
        "vt:\n driver = smtp\n port = @P1\n allow_localhost\n max_rcpt = 1\n return_path = $original_local_part@q.example\n",
    ),
    "case in a list of local parts": routed("JoE joe P-JoE", f"{OWN}{AFFIXES} local_parts = ann : +caseful : joe\n"),
    "case in a list of local parts, no match": routed("JoE joe", f"{OWN} local_parts = +caseful : !joe\n"),
    "case in a named list of local parts": routed(
        "JoE joe", f"{OWN} local_parts = +lp\n address_data = x\n", rewrite="", selector="-pid"
    ),
    "hosts of a local transport": routed(
        "joe", "m:\n driver = manualroute\n route_list = * some.host:other\n transport = show\n"
    ),
    "unseen that is rerouted": routed(
        "joe",
        "m:\n driver = manualroute\n domains = y.example\n route_list = * 127.0.0.1\n unseen\n transport = t\n"
        " self = reroute:z.example\n",
    ),
    "round in a loop": routed(
        "joe", "p:\n driver = redirect\n domains = y.example\n data = x${local_part}@y.example\n"
    ),
    "unseen that is neither": routed("joe", f"{OWN} unseen = maybe\n"),
    "files that are required": routed(
        "r1 r2 r3 r4 r5 r6 r7 r8",
        files(
            r1="etc/passwd",
            r2="!+/nosuch",
            r3="+!/nosuch",
            r4="mail:/root/x",
            r5="mail:+/root/x",
            r6="mail:/etc/shadow",
            r7="8:/etc/passwd",
            r8="/etc/passwd/x",
        ),
    ),
    "quoted items": generated(
        "al1@y.example",
        "al2@y.example",
        "al3@y.example",
        "al4@y.example",
        aliases='al1: "|/bin/sh -c \\"exit 4,5\\""\nal2: "@D/box/a\\"b"\nal3: "\\"ann b\\"@y.example"\nal4: "\\ann"\n',
    ),
    "what filters may not do": generated(
        "fi1@y.example",
        "fi2@y.example",
        "fi3@y.example",
        filters='fi1: if "${stat:/etc/passwd}" is 1 then finish endif\n'
        'fi2: save "@D/box/${expand:\\\\${run\\\\{/bin/echo a\\\\}\\\\{\\\\$value\\\\}\\\\}}"\n'
        'fi3: save "@D/box/exists {x}$h_none:"\n',
        fi=" forbid_filter_existstest\n forbid_filter_run\n",
    ),
    "expansions of users are done as the user": Dialogue(
        routers="f:\n driver = redirect\n domains = y.example\n file = @D/filter\n allow_filter\n user = Debian-exim\n"
        " reply_transport = rp\n pipe_transport = pp\n" + ROUTERS,
        transports=TRANSPORTS + "rp:\n driver = autoreply\npp:\n driver = pipe\n return_output\n",
        files={
            "filter": "# Exim filter\nmail to s@from.example expand file @D/text\n"
            "pipe \"/bin/echo '${run{/usr/bin/id -un}{<$value>}}'\"\n",
            "text": "user ${run{/usr/bin/id -un}{<$value>}}\n",
        },
    ),
    "a file of an answer that may not run commands": Dialogue(
        routers="f:\n driver = redirect\n domains = y.example\n file = @D/filter\n allow_filter\n user = Debian-exim\n"
        " reply_transport = rp\n forbid_filter_run\n" + ROUTERS,
        transports=TRANSPORTS + "rp:\n driver = autoreply\n",
        files={
            "filter": "# Exim filter\nmail to s@from.example expand file @D/text\n",
            "text": "user ${run{/usr/bin/id -un}{<$value>}}\nfor $local_part\n",
        },
    ),
    "unknown after others": generated("al1@y.example", aliases="al1: zed@y.example, :unknown:, ;, ann@y.example\n"),
    "a quoted included file": generated(
        "al1@y.example", aliases='al1: ":include:@D/filters"\n', filters="zed@y.example\n"
    ),
    "a qualifying domain that fails": generated(
        "al1@y.example", aliases="al1: zed\n", al=" qualify_domain = ${if eq{1}{2}{x}fail}\n"
    ),
    "a folder for a file": routed("joe ann", "p:\n driver = redirect\n local_parts = joe\n file = /etc\n"),
    "an owner that is not looked at": routed(
        "joe",
        "p:\n driver = redirect\n local_parts = joe\n file = @D/f\n owners = mail\n no_check_owner\n",
        files={"f": "ann@y.example\n"},
    ),
    "a pipe of a user that cannot be expanded": generated("fi1@y.example", filters="fi1: pipe \"/bin/echo '${bad'\"\n"),
    "a command with a space in its name": generated("al1@y.example", aliases='al1: |"/bin/echo x"\n'),
}
ROUTED["case in a named list of local parts"].main += "localpartlist lp = +caseful : joe\n"
CASES = {**DELIVERIES, **MIXED, **DIFFERENT, **ROUTED}


BY_NAME = "system_filter_file_transport = ${if match{$address_file}{box/x}{f}{none}}\n"
LIST = "lists:\n driver = redirect\n domains = y.example\n data = ann@z.example\n errors_to = $local_part-request@from.example\n"
VERP = (
    " errors_to = ${if match{$return_path}{^(.+?)-request@from.example\\$}"
    "{${quote_local_part:$1-request+$local_part=$domain}@from.example}fail}\n"
)

CASES |= {
    **{
        f"file of the system filter: {name}": Dialogue(main=f"system_filter = {value}\n")
        for name, value in {
            "forced failure": "${if eq{a}{b}{x}fail}",
            "cannot be expanded": "${if",
            "no path": "words",
            "nothing": "",
            "missing": "@D/nothing",
            "a folder": "@D",
        }.items()
    },
    "system filter: transport by the name of the file": Dialogue(
        main=f"system_filter = @D/filter\n{BY_NAME}",
        files={"filter": "# Exim filter\nunseen save @D/box/x\n"},
        transports=f"{TRANSPORTS}f:\n driver = appendfile\n file = $address_file\n user = Debian-exim\n",
    ),
    "system filter: as the mail user": Dialogue(
        main=f"system_filter = @D/filter\n{BY_NAME}",
        files={
            "filter": '# Exim filter\nlogfile @D/box/log\nheaders add "X-A: ${run{/usr/bin/id -un}}"\nheaders remove from\n'
            'headers add "X-B: $h_x-a:"\nlogwrite "$h_x-b:|$h_from:"\nadd 5 to n3\nunseen save @D/box/x\n'
        },
        transports=f"{TRANSPORTS}f:\n driver = appendfile\n file = $address_file\n",
    ),
    "system filter: a pipe that cannot be expanded": filtered('pipe "/bin/echo $nothing"'),
    "system filter: mail to what is no address": filtered('unseen mail to "a b" text x'),
    "return path while routing": Dialogue(
        routers=LIST + ROUTERS + VERP, peers=[{"rules": [("RCPT TO:<ann", b"550 no\r\n")]}]
    ),
}

CASES |= {
    "SMTP queued by the command line": Dialogue(
        args=("-bs", "-oMa", "192.0.2.7.1234", "-odqs"), said=TWO, then=[("-q",)]
    ),
    "SMTP queued by a file": Dialogue(
        main="queue_only_file = smtp@D/there\n", args=("-bs", "-oMa", "192.0.2.7.1234"), said=TWO, files={"there": ""}
    ),
}
