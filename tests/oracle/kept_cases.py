"""Sites that keep mail in mailboxes with affixes, in files of their own for what filters name, and with routers that
decline after they have begun. The text is our own."""

from __future__ import annotations

from typing import Any

from .session_world import DATA, EHLO, ENVELOPE, QUIT, TRANSPORTS, Dialogue

NOISE = "^(25|22|35)| 0m"
ACCEPT = "acl_smtp_rcpt = accept\n"
THREE = "".join(f"RCPT TO:<{name}@y.example>\r\n" for name in ("joe", "Joe-a", "joe-b"))
SAID = f"{EHLO}MAIL FROM:<>\r\n{THREE}{DATA}{QUIT}"
OWN = " user = Debian-exim\n"
HOSTS = " driver = smtp\n allow_localhost\n hosts = 127.0.0.1\n"
LATER = {"rules": [("RCPT", b"450 later\r\n")]}


def affixes(transport: str, *, kept: bool = True, router: str = "", **more: Any) -> Dialogue:
    """Addresses with a suffix; `kept`: the transport has it in RCPT commands."""
    more.setdefault("main", ACCEPT)
    transport += " rcpt_include_affixes\n" if kept else ""
    return Dialogue(
        said=SAID,
        routers=f"r:\n driver = accept\n local_part_suffix = -*\n local_part_suffix_optional\n transport = t\n{router}",
        transports=f"t:\n{transport}",
        ignore=NOISE,
        **more,
    )


_AFFIXES = {
    "mailbox": affixes(f" driver = appendfile\n file = @D/box/x\n envelope_to_add\n{OWN}"),
    "batched SMTP": affixes(f" driver = appendfile\n file = @D/box/x\n use_bsmtp\n batch_max = 10\n{OWN}"),
    "pipe fails": affixes(f" driver = pipe\n command = /bin/false\n{OWN}"),
    "pipe defers, each has a retry time": affixes(
        f" driver = pipe\n command = /bin/sh -c 'exit 75'\n{OWN}", kept=False
    ),
    "no LMTP server": affixes(f" driver = lmtp\n socket = @D/none\n batch_max = 10\n{OWN}"),
    "nobody answers": affixes(HOSTS + " port = 1\n", then=[("-q",)]),
    "sender refused": affixes(HOSTS + " port = @P1\n", peers=[{"rules": [("MAIL", b"550 no\r\n")]}]),
    "data refused": affixes(HOSTS + " port = @P1\n", peers=[{"rules": [("DATA", b"550 no\r\n")]}]),
    "delivered": affixes(HOSTS + " port = @P1\n max_rcpt = 2\n", main="remote_max_parallel = 1\n" + ACCEPT),
    "put off, retry times": affixes(HOSTS + " port = @P1\n", kept=False, peers=[LATER], then=[("-q",)]),
    "put off, retry times, in RCPT": affixes(HOSTS + " port = @P1\n", peers=[LATER], then=[("-q",)]),
    "put off, caseful": affixes(
        HOSTS + " port = @P1\n", kept=False, router=" caseful_local_part\n", peers=[LATER], then=[("-q",)]
    ),
}

FIRST = " headers_add = X-First: 1\n headers_remove = Subject\n errors_to = other@y.example\n"
FILTER = f"f:\n driver = redirect\n allow_filter\n file_transport = own\n file = @D/filter\n{OWN}"
LAST = "last:\n driver = accept\n transport = box\n headers_add = X-Last: 1\n"
BOX = f"box:\n driver = appendfile\n file = @D/box/b\n return_path_add\n{OWN}own:\n driver = appendfile\n{OWN}"
NOTHING = "# Exim filter\nif $h_subject: contains nothing then save /x endif\n"


def declines(router: str, last: str = LAST, **more: Any) -> Dialogue:
    """A router that has begun, and leaves the address to the next."""
    return Dialogue(main=ACCEPT, routers=router + last, transports=BOX + TRANSPORTS, ignore=NOISE, **more)


_DECLINES = {
    "a filter with nothing to do": declines(FILTER + FIRST, files={"filter": NOTHING}),
    "a filter that saves a copy": declines(
        FILTER + FIRST, files={"filter": "# Exim filter\nunseen save @D/box/copy\n"}
    ),
    "empty data": declines(f"f:\n driver = redirect\n data =\n{FIRST}"),
    "self is passed": declines(
        f"m:\n driver = manualroute\n route_list = * 127.0.0.1\n self = pass\n transport = t\n{FIRST}"
    ),
    "batched with others": Dialogue(
        said=f"{EHLO}MAIL FROM:<s@from.example>\r\nRCPT TO:<joe@y.example>\r\nRCPT TO:<ann@z.example>\r\n{DATA}{QUIT}",
        main=ACCEPT,
        routers="f:\n driver = redirect\n domains = y.example\n data = ${if eq{a}{b}{x}}\n"
        f"{OWN}r:\n driver = manualroute\n route_list = * 127.0.0.1\n self = send\n transport = t\n",
    ),
}


def named(options: str, data: str = "/some/where", **more: Any) -> Dialogue:
    """The transport for files has a file or directory of its own."""
    return Dialogue(
        main=ACCEPT,
        routers=f"f:\n driver = redirect\n allow_filter\n file_transport = x\n directory_transport = x\n data = {data}\n{OWN}",
        transports=f"x:\n driver = appendfile\n{OWN}{options}",
        ignore=NOISE,
        **more,
    )


SIEVE = '"#Sieve filter\\nrequire \\"fileinto\\";\\nfileinto \\"Fold\\";\\nkeep;\\n"'
FOLDER = "${if eq{$address_file}{inbox}{}{.Fold}}"
_NAMED = {
    "file": named(" file = @D/box/real\n"),
    "made of the name": named(" file = @D/box/${sg{$address_file}{/}{_}}\n"),
    "nowhere": named(" file = /dev/null\n"),
    "deferred": named(" file = @D/none/x\n create_directory = false\n"),
    "not absolute": named(" file = none/x\n"),
    "maildir": named(" directory = @D/box/md\n maildir_format\n", "/some/where/"),
    "its name": named(" maildir_format\n", "@D/box/md/"),
    "Sieve, maildirs": named(f" directory = @D/box/{FOLDER}\n maildir_format\n", SIEVE),
    "Sieve, files": named(f" file = @D/box/{FOLDER}x\n", SIEVE),
    "over quota": named(" file = @D/box/x\n quota = 10\n", then=[("-bp",), ("-q",)]),
}

AWAY = """sv:
 driver = redirect
 file = @D/filter
 allow_filter
 user = Debian-exim
 local_part_suffix = +*
 local_part_suffix_optional
 domains = y.example
 sieve_vacation_directory = @D/box/away/db
 file_transport = x
 reply_transport = vac
back:
 driver = accept
 transport = back
"""
REPLIES = f"{TRANSPORTS}x:\n driver = appendfile\n file = /dev/null\n{OWN}vac:\n driver = autoreply\n"
SUBJECT = "Subject: hi =?utf-8?Q?gr=C3=BC=C3=9Fe?=\r\nFrom: s@from.example\r\nTo: joe@y.example\r\nMessage-ID: <m@x>\r\n\r\nx\r\n"


def vacation(arguments: str, to: str = "joe@y.example") -> Dialogue:
    """Who is answered how; the files that remember it are databases, of which the names count."""
    return Dialogue(
        said=f"{EHLO}MAIL FROM:<s@from.example>\r\nRCPT TO:<{to}>\r\nDATA\r\n{SUBJECT}.\r\n{QUIT}",
        main=ACCEPT,
        files={"filter": f'# Sieve filter\nrequire "vacation";\nvacation {arguments};\n'},
        routers=AWAY,
        transports=REPLIES,
        ignore=f"{NOISE}|\0",
    )


_AWAY = {
    "plain": vacation('"I am away"'),
    "with a detail": vacation(':subject "away" "I am away"', "Joe+junk@Y.example"),
    "from and subject": vacation(':from "me@y.example" :subject "gone: away" "I am away"'),
    "MIME": vacation(':mime "Content-Type: text/plain\n\nI am away"'),
    "odd text": vacation('"I am a=way\ntrailing space \n.dot\nlong ' + "word " * 30 + '\nfrom \xe4 tab\t\n  lead\n"'),
}


def autoreply(options: str, **more: Any) -> Dialogue:
    text = f"vac:\n driver = autoreply\n to = s@from.example\n text = y\n{OWN}{options}"
    routers = (
        "back:\n driver = accept\n domains = from.example\n transport = back\nr:\n driver = accept\n transport = vac\n"
    )
    return Dialogue(main=ACCEPT, routers=routers, transports=REPLIES.partition("vac:")[0] + text, ignore=NOISE, **more)


_REPLIES = {
    "no place for the once file": autoreply(" once = @D/none/x\n"),
    "no place for a small once file": autoreply(" once = @D/none/x\n once_file_size = 2K\n"),
    "headers with an end": autoreply(' headers = "X-A: 1\\nX-B: 2\\n"\n log = @D/box/log\n', selector="-pid"),
}
_ODD = {
    "quoted local parts": Dialogue(
        said=f'{EHLO}MAIL FROM:<>\r\nRCPT TO:<"joe ann"@y.example>\r\nRCPT TO:<J."o"@y.example>\r\n{DATA}{QUIT}',
        main=ACCEPT,
        ignore=NOISE,
    ),
    "/dev/null is forbidden": Dialogue(
        main=ACCEPT,
        routers="r:\n driver = redirect\n domains = y.example\n forbid_file\n data = /dev/null\n",
        ignore=NOISE,
    ),
    "cut off": Dialogue(
        said=EHLO + ENVELOPE + "DATA\r\nx",
        main=ACCEPT + "acl_smtp_notquit = nq\n",
        acl="nq:\n accept logwrite = over: $smtp_notquit_reason $message_exim_id\n",
    ),
    "queued for two reasons": Dialogue(
        said=EHLO + (ENVELOPE + DATA) * 2 + QUIT,
        main="smtp_accept_queue_per_connection = 1\n",
        acl="rcpt:\n accept control = queue_only\n",
        ignore=NOISE,
    ),
    "no address of ours": Dialogue(main=ACCEPT, transports=TRANSPORTS + " interface = 300.1.1.1\n", ignore=NOISE),
    "told while testing": Dialogue(
        args=("-bt", "joe@y.example", "ann@y.example"),
        said="",
        routers='a:\n driver = redirect\n debug_print = "A: $local_part"\n data =\n'
        'm:\n driver = manualroute\n debug_print = "M: $local_part"\n route_list = * 127.0.0.1\n transport = t\n',
    ),
}
AUTHENTICATORS = "".join(
    f"{name}:\n driver = plaintext\n public_name = {name}\n server_prompts = :\n server_condition = true\n"
    for name in ("PLAIN", "LOGIN")
)
_ODD["greeted again when authenticated"] = Dialogue(
    said=f"{EHLO}AUTH PLAIN AGpvZQBwdw==\r\nAUTH LOGIN\r\n{EHLO}AUTH LOGIN dQ==\r\n{QUIT}",
    authenticators=AUTHENTICATORS,
)
NO = [{"rules": [("RCPT TO:<no", b"550 nobody\r\n")]}]
TWICE = f"{EHLO}MAIL FROM:<s@from.example>\r\n" + "RCPT TO:<no@y.example>\r\n" * 2 + QUIT


def asked(condition: str) -> Dialogue:
    """The same recipient again: the answer is remembered."""
    acl = f"rcpt:\n {condition} verify = recipient/callout=5s\n accept\n"
    return Dialogue(said=TWICE, acl=acl, peers=NO, ignore=NOISE)


_ASKED = {
    "message": asked("require message = no such user\n"),
    "log_message": asked("deny log_message = refused\n !"),
    "both": asked("deny message = M $acl_verify_message\n log_message = L $acl_verify_message\n !"),
    "nothing": asked("require"),
}


def bounced(condition: str, verify: str = "sender") -> Dialogue:
    """A router that takes bounces only."""
    return Dialogue(
        acl=f"rcpt:\n warn logwrite = F=$sender_address\n require verify = {verify}\n accept\n",
        routers=f"b:\n driver = accept\n domains = from.example\n {condition}\n transport = back\n{NOBODY}",
        ignore=NOISE,
    )


NOBODY = (
    "no:\n driver = redirect\n domains = from.example\n allow_fail\n data = :fail: <$sender_address>\n"
    + LAST.replace("= box", "= back")
)
_BOUNCES = {
    "condition": bounced("condition = ${if eq{$sender_address}{}}"),
    "senders": bounced("senders = :"),
    "local part": bounced("local_parts = ${if eq{$sender_address_local_part}{}{s}}"),
    "another address": bounced("condition = ${if eq{$sender_address}{}}", "sender=o@from.example"),
    "recipient": bounced("condition = ${if eq{$sender_address}{}}", "recipient"),
    "not for bounces": bounced("condition = ${if !eq{$sender_address}{}}"),
}
CASES = {
    f"{family}: {name}": case
    for family, cases in {
        "affixes": _AFFIXES,
        "declined": _DECLINES,
        "named file": _NAMED,
        "vacation": _AWAY,
        "autoreply": _REPLIES,
        "odd": _ODD,
        "asked again": _ASKED,
        "bounce verified": _BOUNCES,
    }.items()
    for name, case in cases.items()
}
