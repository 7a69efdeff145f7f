"""Transports side by side with an installed Exim: log lines, mailboxes byte by byte, what servers were told.

Cases that differ say so; docs/compat/compared.md names them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .transport_world import MAIL, MESSAGE, Case, compare, needs_exim

pytestmark = needs_exim

F = " file = @D/box/m\n"
HEADERS = """ envelope_to_add
 return_path_add
 delivery_date_add
 headers_add = "X-A: one\\nX-B: ${if eq{1}{2}{}fail}\\nX-C: $local_part"
 headers_remove = subject : message-id
 headers_remove = date
"""
ROUTER_HEADERS = "r:\n driver = accept\n transport = t\n headers_add = X-R: router\n headers_remove = to\n"
TWO = ("joe@y.example", "A@y.example")


def box_file(name: str = "m", data: str = "", mode: int = 0o600, uid: int = MAIL, gid: int = MAIL):
    def make(box: Path) -> None:
        path = box / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data)
        path.chmod(mode)
        os.chown(path, uid, gid)
        if path.parent != box:
            for above in (path.parent, path.parent.parent):
                os.chown(above, MAIL, MAIL)

    return make


def link(box: Path) -> None:
    (box / "m").symlink_to(box / "z")
    os.lchown(box / "m", MAIL, MAIL)


MAILDIR = " directory = @D/box/md\n maildir_format\n"
FULL_MAILDIR = box_file("md/new/x,S=77", "y" * 500)

APPENDFILE = {
    "mbox": Case(F + HEADERS, routers=ROUTER_HEADERS),
    "a recipient twice": Case(F + " envelope_to_add\n", to=(*TWO, TWO[0])),
    "several recipients": Case(F + " batch_max = 10\n envelope_to_add\n", to=TWO),
    "bsmtp": Case(F + " use_bsmtp\n batch_max = 10\n", to=TWO),
    "bsmtp crlf": Case(F + ' use_bsmtp\n use_crlf\n message_prefix = "HELO x\\r\\n"\n'),
    "bsmtp suffix": Case(F + ' use_bsmtp\n message_suffix = "SUF\\n"\n'),
    "crlf": Case(F + " use_crlf\n"),
    "mmdf": Case(
        F
        + ' check_string = "\\1\\1\\1\\1\\n"\n escape_string = "\\1\\1\\1\\1 \\n"\n message_prefix = "\\1\\1\\1\\1\\n"\n'
        ' message_suffix = "\\1\\1\\1\\1\\n"\n',
        message=b"Subject: a\nFrom: a@b.example\n\n\1\1\1\1\nx\n\1\1\1\1\n",
    ),
    "body only": Case(F + " body_only\n"),
    "headers only": Case(F + " headers_only\n"),
    "return path": Case(F + " return_path = bounce@x.example\n return_path_add\n"),
    "rewritten headers": Case(F + " headers_rewrite = a@b.example c@d.example f : *@y.example $1@zz.example\n"),
    "null sender": Case(F, sender="<>"),
    "mbx": Case(F + " mbx_format\n message_prefix =\n message_suffix =\n", times=2),
    "filter": Case(F + " transport_filter = /bin/sed s/bye/BYE/\n"),
    "filter with the addresses": Case(
        F + " batch_max = 9\n transport_filter = /bin/sh -c 'cat; echo \\$*' sh $pipe_addresses x\n", to=TWO
    ),
    "filter without a path": Case(F + " transport_filter = cat\n"),
    "filter that does not read": Case(F + " transport_filter = /bin/true\n", message=MESSAGE + b"line\n" * 60000),
    "filter that is none": Case(F + " transport_filter = '${if eq{a}{b}{x}}'\n"),
    "filter that is split": Case(F + " transport_filter = ${if eq{a}{b}{x}}\n"),
    # one that ends at once is gone before Exim writes, or not
    "filter that leaves a little": Case(F + " transport_filter = /bin/sleep 0.3\n"),
    "filter that cannot be expanded": Case(F + " transport_filter = /bin/cat ${bad\n"),
    "empty return path": Case(F + " return_path =\n return_path_add\n"),
    "quota with an unknown word": Case(F + " quota = 1M/bogus\n"),
    "more than the whole quota": Case(F + " quota = 1M\n quota_warn_threshold = 101%\n"),
    "maildir": Case(MAILDIR + HEADERS),
    "maildir tag": Case(MAILDIR + " maildir_tag = ab/c\n"),
    "maildir no tag": Case(MAILDIR + " maildir_tag = ${if eq{1}{2}{}fail}\n"),
    "maildir folder": Case(" directory = @D/box/md/.sub\n maildir_format\n maildirfolder_create_regex = /\\.[^/]+$\n"),
    "maildir size file": Case(MAILDIR + " quota = 10K\n maildir_use_size_file\n", before=FULL_MAILDIR),
    "maildir size file without quota": Case(MAILDIR + " maildir_use_size_file\n", times=2),
    "maildir quota": Case(MAILDIR + " quota = 100\n", before=FULL_MAILDIR),
    "maildir size by name": Case(MAILDIR + " quota = 450\n quota_size_regex = ,S=(\\d+)\n", before=FULL_MAILDIR),
    "maildir file count": Case(MAILDIR + " quota = 10K\n quota_filecount = 1\n", before=FULL_MAILDIR),
    "maildir not made": Case(MAILDIR + " create_directory = false\n"),
    "mailstore": Case(" directory = @D/box/ms\n mailstore_format\n batch_max = 3\n mailstore_prefix = pre\n", to=TWO),
    "mailstore forced failure": Case(
        " directory = @D/box/ms\n mailstore_format\n mailstore_prefix = ${if eq{1}{2}{}fail}\n mailstore_suffix = suf\n"
    ),
    "plain files": Case(" directory = @D/box/dd\n"),
    "plain file by inode": Case(" directory = @D/box/dd\n directory_file = a$inode.b\n"),
    "no file name": Case(""),
    "relative": Case(" file = box/m\n"),
    "tainted": Case(" file = @D/box/$local_part\n"),
    "tainted, below create_file": Case(" file = @D/box/$local_part\n create_file = @D/box\n"),
    "bad expansion": Case(" file = ${bad\n"),
    "/dev/null": Case(" file = /dev/null\n"),
    "no directory": Case(" file = @D/box/x/m\n create_directory = false\n"),
    "made directories": Case(" file = @D/box/x/y/m\n directory_mode = 0750\n mode = 0640\n"),
    "must exist": Case(F + " file_must_exist\n"),
    "link": Case(F + " allow_symlink\n", before=link),
    "wrong owner": Case(F, before=box_file(uid=1)),
    "wrong group": Case(F + " check_group\n", before=box_file(gid=1)),
    "wider mode": Case(F, before=box_file(data="old\n", mode=0o666)),
    "narrower mode": Case(F, before=box_file(mode=0o400)),
    "narrower mode allowed": Case(F + " mode_fail_narrower = false\n mode = 0660\n", before=box_file()),
    "not writable": Case(F + " mode_fail_narrower = false\n", before=box_file(mode=0o400)),
    "no way in": Case(" file = /root/xx/m\n"),
    "lock file": Case(F + " lock_retries = 1\n", before=box_file("m.lock")),
    "quota": Case(F + " quota = 100\n", before=box_file(data="x" * 50)),
    "quota not inclusive": Case(F + " quota = 100\n quota_is_inclusive = false\n", before=box_file(data="x" * 50)),
    "quota not checked": Case(F + " quota = 100/no_check\n", before=box_file(data="x" * 50)),
    "quota malformed": Case(F + " quota = abc\n"),
    "quota from outside": Case(F + " quota = 100\n mailbox_size = 200\n"),
    "outside home": Case(" file = @D/box/../box/m\n create_file = belowhome\n home_directory = @D/box\n"),
    "unknown format": Case(F + ' file_format = "From : t : xx : u"\n', before=box_file(data="abc")),
    "other transport by format": Case(
        F + ' file_format = "From : t : abc : u"\n',
        before=box_file(data="abcdef\n"),
        more='u:\n driver = appendfile\n user = mail\n group = mail\n file = @D/box/m\n message_prefix = "PP\\n"\n'
        " message_suffix =\n",
    ),
    "bad prefix": Case(F + " message_prefix = ${bad\n", before=box_file()),
    "bad header": Case(F + " headers_add = X-A: ${bad\n", before=box_file()),
    "shadow": Case(
        F + " shadow_transport = u\n",
        more="u:\n driver = appendfile\n user = mail\n group = mail\n file = @D/box/shadow\n",
    ),
    "shadow fails": Case(
        F + " shadow_transport = u\n",
        more="u:\n driver = appendfile\n user = mail\n group = mail\n file = box/shadow\n",
    ),
    "root": Case(F + " user = root\n", user=False),
    "unknown user": Case(F + " user = ${if eq{1}{1}{nosuch}}\n", user=False),
    "bad home": Case(F + " home_directory = ${bad\n"),
    "no home": Case(F + " home_directory = /nosuch/home\n"),
    "redirected": Case(
        "", routers="r:\n driver = redirect\n data = @D/box/af\n file_transport = t\n directory_transport = t\n"
    ),
    "redirected to a directory": Case(
        "", routers="r:\n driver = redirect\n data = @D/box/af/\n file_transport = t\n directory_transport = t\n"
    ),
}

DUMP = '/bin/sh -c "(for a; do echo arg=$a; done; cat) >@D/box/o" sh'
SHELL = '/bin/sh -c "'


def pipe(transport: str, **more) -> Case:
    return Case(transport, driver="pipe", **{"sender": "<>", **more})


PIPE = {
    "environment": pipe(
        ' command = "/bin/sh -c \\"env|sort|grep -v ^_= >@D/box/o; cat >>@D/box/o\\""\n home_directory = /\n'
    ),
    "bsmtp": pipe(" command = /usr/bin/tee @D/box/o\n use_bsmtp\n"),
    "output is ignored": pipe(" command = /bin/echo hello\n"),
    "output is logged": pipe(" command = /bin/echo hello\n log_output\n"),
    "exit 1": pipe(f' command = {SHELL}exit 1"\n'),
    "exit 75": pipe(f' command = {SHELL}exit 75"\n'),
    "exit 127": pipe(f' command = {SHELL}exit 127"\n'),
    "exit 200": pipe(f' command = {SHELL}exit 200"\n'),
    "all temporary": pipe(f' command = {SHELL}exit 66"\n temp_errors = *\n'),
    "output of failure": pipe(f' command = {SHELL}echo hello; exit 1"\n log_fail_output\n'),
    "output of deferral": pipe(f' command = {SHELL}echo hello; exit 75"\n log_defer_output\n'),
    "output means failure": pipe(" command = /bin/echo hello\n return_output\n"),
    "no such command": pipe(" command = /no/such\n"),
    "not in the path": pipe(" command = nosuchcmd a\n"),
    "frozen": pipe(" command = /no/such\n freeze_exec_fail\n"),
    "status ignored": pipe(f' command = {SHELL}exit 9"\n ignore_status\n'),
    "time-out": pipe(" command = /bin/sleep 5\n timeout = 1s\n"),
    "time-out defers": pipe(" command = /bin/sleep 5\n timeout = 1s\n timeout_defer\n"),
    "not allowed": pipe(" command = /bin/cat\n allow_commands = /bin/true\n"),
    "restricted": pipe(" command = /bin/true\n restrict_to_path\n"),
    "no command": pipe(""),
    "tainted argument": pipe(" command = /bin/echo $local_part\n"),
    "bad expansion": pipe(" command = /bin/cat ${bad\n"),
    "filter fails": pipe(" command = /bin/cat\n transport_filter = /bin/false\n"),
}

#: the server is not troubled with a message that cannot be sent
UNTROUBLED = ("-MAIL FROM:<>", "-RCPT TO:<x@y.example>", "-RCPT TO:<Z@w.example>", "-DATA")
ESMTP = ("SIZE 1000000", "PIPELINING", "8BITMIME", "DSN", "PRDR", "CHUNKING")
PAIR = ("x@y.example", "Z@w.example")


def smtp(transport: str = "", ehlo=(), rules=(), **more) -> Case:
    peer = {"ehlo": ehlo, "rules": rules}
    if "banner" in more:
        peer["banner"] = more.pop("banner")
    return Case(transport, driver="smtp", peer=peer, **{"to": PAIR, "sender": "<>", **more})


SMTP = {
    "plain": smtp(),
    "pipelining": smtp(ehlo=("PIPELINING", "SIZE")),
    "everything": smtp(ehlo=ESMTP, sender="S@From.Example"),
    "chunking alone": smtp(ehlo=("CHUNKING",)),
    "no chunking wanted": smtp(" hosts_try_chunking =\n", ESMTP),
    "no pipelining wanted": smtp(" hosts_avoid_pipelining = *\n", ESMTP),
    "no ESMTP wanted": smtp(" hosts_avoid_esmtp = *\n", ESMTP),
    "headers": smtp(HEADERS.replace("$local_part", "c"), routers=ROUTER_HEADERS),
    "return path": smtp(" return_path = bounce@x.example\n"),
    "suffix": smtp(routers="r:\n driver = accept\n transport = t\n local_part_suffix = +*\n", to=("Joe+X@W.Example",)),
    "suffix included": smtp(
        " rcpt_include_affixes\n",
        routers="r:\n driver = accept\n transport = t\n local_part_suffix = +*\n",
        to=("Joe+X@W.Example",),
    ),
    "authenticated sender": smtp(" authenticated_sender = zz\n authenticated_sender_force\n", ESMTP),
    "AUTH": smtp(
        " hosts_try_auth = *\n",
        ("AUTH PLAIN",),
        authenticators="p:\n driver = plaintext\n public_name = PLAIN\n client_send = ^u^p\n",
    ),
    "AUTH refused": smtp(
        " hosts_require_auth = *\n",
        ("AUTH PLAIN",),
        [(b"AUTH", b"535 no\r\n")],
        authenticators="p:\n driver = plaintext\n public_name = PLAIN\n client_send = ^u^p\n",
    ),
    "AUTH missing": smtp(" hosts_require_auth = *\n"),
    "TLS missing": smtp(" hosts_require_tls = *\n"),
    "banner 5xx": smtp(banner=b"554 go away\r\n"),
    "banner 4xx": smtp(banner=b"421 go away\r\n"),
    "banner garbage": smtp(banner=b"hello there\r\n"),
    "EHLO refused": smtp(rules=[(b"EHLO", b"502 what\r\n")]),
    "EHLO lost": smtp(rules=[(b"EHLO", None)]),
    "MAIL 5xx": smtp(
        ehlo=("PIPELINING", "SIZE"), rules=[(b"MAIL", b"550 no\r\n"), (b"RCPT", b"503 x\r\n"), (b"DATA", b"503 x\r\n")]
    ),
    "MAIL 4xx": smtp(rules=[(b"MAIL", b"450 no\r\n")]),
    "RCPT 5xx": smtp(ehlo=("PIPELINING",), rules=[(b"RCPT TO:<X@", b"550-no\r\n550 such\r\n")]),
    "RCPT 4xx": smtp(rules=[(b"RCPT TO:<X@", b"450 later\r\n")]),
    "RCPT garbage": smtp(rules=[(b"RCPT TO:<X@", b"xyz\r\n")]),
    "RCPT lost": smtp(rules=[(b"RCPT", None)]),
    "all refused": smtp(ehlo=("PIPELINING",), rules=[(b"RCPT", b"550 no\r\n"), (b"DATA", b"554 none\r\n")]),
    "DATA 4xx": smtp(rules=[(b"DATA", b"451 no\r\n")]),
    "DATA 5xx pipelined": smtp(ehlo=("PIPELINING",), rules=[(b"DATA", b"554 no\r\n")]),
    "DATA 2xx": smtp(rules=[(b"DATA", b"250 what\r\n")]),
    "dot 4xx": smtp(rules=[(b".", b"451 no\r\n")]),
    "dot 5xx": smtp(rules=[(b".", b"554-no\r\n554 way\r\n")]),
    "dot lost": smtp(rules=[(b".", None)]),
    "BDAT 4xx": smtp(ehlo=ESMTP, rules=[(b"BDAT", b"451 no\r\n")]),
    "BDAT lost": smtp(ehlo=ESMTP, rules=[(b"BDAT", None)]),
    "answer in lines": smtp(rules=[(b".", b"250-first\r\n250 second\r\n")]),
    "time-out at banner": smtp(" command_timeout = 1s\n", banner=b""),
    "time-out at the end": smtp(" final_timeout = 1s\n", rules=[(b".", b"")]),
    "LMTP": smtp(" protocol = lmtp\n", ("PIPELINING",), [(b".", b"250 one\r\n550 two\r\n")]),
    "PRDR": smtp(ehlo=("PRDR",), rules=[(b".", b"353 go\r\n250 one\r\n550 two\r\n250 all\r\n")]),
    "refused connection": smtp(" hosts = 127.0.0.1 : 127.0.0.2\n port = 1\n allow_localhost\n"),
    "another host": smtp(" hosts = <; 127.0.0.2:1 ; 127.0.0.1:@P\n allow_localhost\n"),
    "fallback": smtp(
        " hosts = 127.0.0.2\n port = 1\n allow_localhost\n fallback_hosts = <; 127.0.0.1:@P\n", to=("x@y.example",)
    ),
    "ourselves": smtp(" hosts = 127.0.0.1\n"),
    "no hosts": smtp(" hosts = ${if eq{1}{2}{x}}\n"),
    "bad hosts": smtp(" hosts = ${bad\n"),
    "bad port": smtp(" hosts = 127.0.0.1\n allow_localhost\n port = nosuchport\n"),
    "bad interface": smtp(" interface = abc\n"),
    "bad HELO": smtp(" helo_data = ${bad\n"),
    "long lines": smtp(message=MESSAGE + b"x" * 1200 + b"\n"),
    "too big": smtp(" message_size_limit = 100\n"),
    "bad header": smtp(" headers_add = ${bad\n", differs=UNTROUBLED),
    "filter": smtp(" transport_filter = /bin/sed s/bye/BYE/\n"),
    "several domains, some": smtp(
        " multi_domain = ${if eq{$domain}{y.example}{no}{yes}}\n connection_max_messages = 1\n",
        main="remote_max_parallel = 1",
    ),
    "LMTP, no answer for the second": smtp(
        " protocol = lmtp\n final_timeout = 1s\n", ("PIPELINING",), [(b".", b"250 one\r\n")]
    ),
    "port with letters": smtp(" hosts = 127.0.0.1\n allow_localhost\n port = 12x\n"),
    "filter that is none": smtp(" transport_filter = '${if eq{a}{b}{x}}' a\n"),
    "filter that leaves a little": smtp(" transport_filter = /bin/sleep 0.3\n"),
    "filter that ends early": smtp(
        " transport_filter = /bin/true\n",
        message=MESSAGE + b"line\n" * 60000,
        differs=(
            "-ID H=127.0.0.1 [127.0.0.1]: 127.0.0.1 [127.0.0.1]: Broken pipe",
            "-ID == x@y.example R=r T=t defer (32): Broken pipe H=127.0.0.1 [127.0.0.1]: 127.0.0.1 [127.0.0.1]",
            (
                "-ID == z@w.example <Z@w.example> R=r T=t defer (32): Broken pipe H=127.0.0.1 [127.0.0.1]: 127.0.0.1 "
                "[127.0.0.1]"
            ),
            (
                "+ID == x@y.example R=r T=t defer (32): Broken pipe H=127.0.0.1 [127.0.0.1]: error while writing to the "
                "transport filter"
            ),
            (
                "+ID == z@w.example <Z@w.example> R=r T=t defer (32): Broken pipe H=127.0.0.1 [127.0.0.1]: error while "
                "writing to the transport filter"
            ),
            *UNTROUBLED,
        ),
    ),
    "filter, no chunking": smtp(" transport_filter = /bin/cat\n", ESMTP),
    "filter fails": smtp(" transport_filter = /bin/false\n", differs=UNTROUBLED),
}


def lmtp(rules=(), ehlo=(), **more) -> Case:
    peer = {"ehlo": ehlo, "rules": rules}
    if "banner" in more:
        peer["banner"] = more.pop("banner")
    return Case(
        " socket = @D/socket\n batch_max = 9\n timeout = 2s\n", driver="lmtp", peer=peer, to=TWO, sender="<>", **more
    )


LMTP = {
    "delivered": lmtp([(b".", b"250 one\r\n250 two\r\n")]),
    "one later": lmtp([(b".", b"250-one\r\n250 more\r\n450 two\r\n")]),
    "RCPT 5xx": lmtp([(b"RCPT TO:<JOE", b"550 no\r\n")]),
    "MAIL 4xx": lmtp([(b"MAIL", b"450 no\r\n")]),
    "banner": lmtp(banner=b"554 no\r\n"),
    "DATA 4xx": lmtp([(b"DATA", b"451 no\r\n")]),
    "lost": lmtp([(b"DATA", None)]),
    "lost at the end": lmtp([(b".", None)]),
    "time-out": lmtp([(b"MAIL", b"")]),
    "garbage": lmtp([(b"MAIL", b"xx\r\n")]),
}

ANSWER = ' to = $sender_address\n from = me@other.example\n subject = Re: $h_subject:\n text = "Hello\\nthere"\n'
BOX = "\nbox:\n driver = appendfile\n file = @D/box/m\n"
BACK = "r0:\n driver = accept\n domains = from.example : other.example\n transport = box\n\nr:\n driver = accept\n transport = t\n"


def autoreply(transport: str, **more) -> Case:
    return Case(transport, driver="autoreply", more=BOX, routers=BACK, main="queue_only", user=False, runs=2, **more)


AUTOREPLY = {
    "headers": autoreply(
        ANSWER + ' cc = c@other.example\n reply_to = r@x\n headers = "X-One: 1\\nX-Two: 2"\n log = @D/box/log\n'
    ),
    "returned message": autoreply(ANSWER + " return_message\n"),
    "nobody left": autoreply(ANSWER + " never_mail = *@from.example\n"),
    "no file": autoreply(ANSWER + " file = @D/nosuch\n"),
    "bad expansion": autoreply(ANSWER + " cc = ${bad\n", sender="<>"),
    "threads": autoreply(ANSWER, message=b"Message-ID: <a@b>\nReferences: <1@x> <2@x>\nFrom: a@b.example\n\nx\n"),
}


@pytest.mark.parametrize("name", APPENDFILE)
def test_appendfile(name):
    compare(APPENDFILE[name])


@pytest.mark.parametrize("name", PIPE)
def test_pipe(name):
    compare(PIPE[name])


@pytest.mark.parametrize("name", SMTP)
def test_smtp(name):
    compare(SMTP[name])


@pytest.mark.parametrize("name", LMTP)
def test_lmtp(name):
    compare(LMTP[name])


@pytest.mark.parametrize("name", AUTOREPLY)
def test_autoreply(name):
    compare(AUTOREPLY[name])
