"""Sites that keep mail in mailboxes with affixes, in files of their own for what filters name, and with routers that
decline after they have begun. The text is our own."""

from __future__ import annotations

from typing import Any

from .session_world import DATA, EHLO, QUIT, TRANSPORTS, Dialogue

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
CASES = {
    f"{family}: {name}": case
    for family, cases in {"affixes": _AFFIXES, "declined": _DECLINES, "named file": _NAMED}.items()
    for name, case in cases.items()
}
