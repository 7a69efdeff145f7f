"""Appendfile, pipe, lmtp, autoreply and queuefile; texts are those of an Exim 4.96 in the same situation."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from eximia.base.text import Untainted
from eximia.context.delivery import Address, Batch, Kind, Reply, Result
from eximia.transports import engine
from eximia.transports.jobs import autoreply
from eximia.transports.jobs.locking import lock_open_file
from support_transports import BODY, HEADERS, World

T = "R=r T=t"
HEAD = "".join(HEADERS)
NOT_RUN = "could mean unable to exec or command does not exist"
LOOP = "while :; do echo hello; done"
KILLED = "terminated by signal 9 (Killed)"
OK = f"=> joe <joe@y.example> {T}"


def deliver(tmp_path, driver="appendfile", *recipients, world=None, **settings):
    world = world or World()
    settings = {k: v.replace("@D", str(tmp_path)) if isinstance(v, str) else v for k, v in settings.items()}
    log = world.run(world.transport(driver, **settings), *(recipients or ("joe@y.example",)))
    return world, [line.replace(str(tmp_path), "@D") for line in log]


def mailbox(tmp_path, data=b"", mode=0o600):
    path = tmp_path / "m"
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("where", "settings"),
    [
        ("file", {}),
        ("directory", {}),
        ("directory", {"maildir_format": True, "maildir_tag": ",\xc3\xa9"}),
        ("directory", {"mailstore_format": True}),
    ],
)
def test_names_beyond_ascii_are_the_bytes_that_were_given(tmp_path, where, settings):
    name = "jos\xc3\xa9"  # the text of the bytes of "jos\xe9" in UTF-8
    assert deliver(tmp_path, **{where: f"@D/{name}"}, **settings)[1] == [OK]
    assert os.listdir(os.fsencode(tmp_path)) == ["jos\xe9".encode()]


def test_a_missing_folder_is_told_by_the_bytes_of_its_name(tmp_path):
    (line,) = deliver(tmp_path, directory="@D/no/\xc3\xa9", create_directory=False)[1]
    assert "while creating file @D/no/\\303\\251/temp." in line


class TestMailboxFile:
    def test_appends_with_separator_and_escape(self, tmp_path):
        path = mailbox(tmp_path, b"old\n")
        assert deliver(tmp_path, file="@D/m")[1] == [OK]
        text = path.read_bytes()
        assert re.fullmatch(
            rb"old\nFrom s@from.example \w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\n"
            + re.escape(HEAD.encode())
            + rb"\nHello\n\.dot\n>From me\nbye\n\n",
            text,
        )
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not (tmp_path / "m.lock").exists()

    def test_header_options(self, tmp_path):
        deliver(
            tmp_path,
            file="@D/m",
            message_prefix="",
            message_suffix="",
            body_only=False,
            headers_only=True,
            return_path_add=True,
            envelope_to_add=True,
            headers_add="X-A: one\nX-B: ${if eq{1}{2}{}fail}\nX-C: $local_part",
            headers_remove="subject : received:to : mess*",
        )
        assert (tmp_path / "m").read_text() == (
            "Return-path: <s@from.example>\nEnvelope-to: joe@y.example\nFrom: a@b.example\nX-A: one\nX-C: joe\n\n"
        )

    def test_batched_smtp(self, tmp_path):
        settings = {"file": "@D/m", "use_bsmtp": True, "use_crlf": True, "headers_only": False, "body_only": True}
        deliver(tmp_path, "appendfile", "joe@y.example", "A@y.example", **settings)
        assert (tmp_path / "m").read_bytes() == (
            b"MAIL FROM:<s@from.example>\r\nRCPT TO:<joe@y.example>\r\nRCPT TO:<A@y.example>\r\nDATA\r\n"
            b"Hello\r\n..dot\r\nFrom me\r\nbye\r\n.\r\n"
        )

    def test_mbx(self, tmp_path):
        settings = {"file": "@D/m", "mbx_format": True, "message_prefix": "", "message_suffix": "", "body_only": True}
        deliver(tmp_path, **settings)
        deliver(tmp_path, **settings)
        data = (tmp_path / "m").read_bytes()
        assert data.startswith(b"*mbx*\r\n")
        line = rb" ?\d+-\w{3}-\d{4} [\d:]{8} [+-]\d{4},28;000000000000-00000000\r\n"
        body = rb"Hello\r\n\.dot\r\n>From me\r\nbye\r\n"
        assert re.fullmatch((line + body) * 2, data[2048:])

    @pytest.mark.parametrize("flock", [False, True])
    def test_mbx_lock_file(self, tmp_path, flock):
        """It goes with its last user: another mailbox may get the inode, and have another owner."""
        settings = {"file": "@D/m", "mbx_format": True, "message_prefix": "", "use_mbx_lock": True}
        settings["use_flock_lock"] = flock
        path = tmp_path / "m"
        path.touch()
        path.chmod(0o600)
        status = path.stat()
        lock = Path(f"/tmp/.{status.st_dev:x}.{status.st_ino:x}")
        with path.open("r+") as user:
            if flock:
                fcntl.flock(user, fcntl.LOCK_SH)
            else:
                fcntl.fcntl(user, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))
            assert deliver(tmp_path, **settings)[1] == [OK]
            assert lock.exists()
        assert deliver(tmp_path, **settings)[1] == [OK]
        assert not lock.exists()

    @pytest.mark.parametrize(
        "settings, expected",
        [
            ({}, "defer (-1): Mandatory file or directory option missing from t transport"),
            ({"file": "box/m"}, 'defer (-21): appendfile: file or directory name "box/m" is not absolute'),
            (
                {"file": "@D/$local_part"},
                "defer (-1): Tainted '@D/joe' (file or directory name for t transport) not permitted",
            ),
            (
                {"file": "@D/m", "file_must_exist": True},
                "defer (2): No such file or directory: mailbox @D/m does not exist, but file_must_exist is set",
            ),
            (
                {"file": "@D/../x/m", "create_file": "belowhome", "home_directory": "@D"},
                "defer (-34): mailbox @D/../x/m does not exist, but creation outside the home directory is not permitted",
            ),
            (
                {"file": "@D/m", "message_prefix": "${bad"},
                'defer (-27): Expansion of "${bad" (prefix for t transport) failed',
            ),
            ({"file": "@D/m", "quota": "abc"}, 'defer (-1): Malformed value "abc" (expansion of "abc") in t transport'),
            (
                {"file": "@D/m", "quota": "100"},
                "defer (-22): mailbox is full (MTA-imposed quota exceeded while writing to @D/m)",
            ),
            (
                {"file": "@D/m", "transport_filter": "/bin/false"},
                "defer (-24): transport filter process failed (1) while writing to @D/m",
            ),
        ],
    )
    def test_refusals(self, tmp_path, settings, expected):
        (tmp_path.parent / "x").mkdir(exist_ok=True)
        assert deliver(tmp_path, **settings)[1] == [f"== joe@y.example {T} {expected}"]
        path = tmp_path / "m"
        assert not path.exists() or path.read_bytes() == b""

    def test_create_file_takes_the_taint_away(self, tmp_path):
        assert deliver(tmp_path, file="@D/$local_part", create_file="@D")[1] == [OK]
        assert (tmp_path / "joe").exists()

    def test_permissions(self, tmp_path):
        mailbox(tmp_path, mode=0o400)
        log = deliver(tmp_path, file="@D/m")[1]
        assert log == [f"== joe@y.example {T} defer (-7): mailbox @D/m has the wrong mode 400 (600 expected)"]
        path = tmp_path / "m"
        path.chmod(0o666)
        assert deliver(tmp_path, file="@D/m")[1] == [OK]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_links_are_refused(self, tmp_path):
        (tmp_path / "m").symlink_to(tmp_path / "z")
        log = deliver(tmp_path, file="@D/m")[1]
        assert log == [f"== joe@y.example {T} defer (-4): mailbox @D/m is not a regular file"]
        assert deliver(tmp_path, file="@D/m", allow_symlink=True)[1] == [OK]

    def test_lock_file_in_the_way(self, tmp_path):
        (tmp_path / "m.lock").touch()
        log = deliver(tmp_path, file="@D/m", lock_retries=2, lock_interval=0)[1]
        assert log == [f"== joe@y.example {T} defer (-9): failed to lock mailbox @D/m (lock file)"]
        # how old it is, nobody can tell it
        os.utime(tmp_path / "m.lock", (1, 1))
        assert deliver(tmp_path, file="@D/m", lock_retries=2, lock_interval=0)[1] == log

    def test_lock_file_left_behind(self, tmp_path, monkeypatch):
        (tmp_path / "m.lock").touch()
        later = time.time() + 3600
        monkeypatch.setattr("eximia.transports.jobs.locking.time.time", lambda: later)
        assert deliver(tmp_path, file="@D/m", lock_interval=0)[1] == [OK]

    @pytest.mark.parametrize("how", ["flock", "fcntl", "in this process"])
    def test_locked_by_another(self, tmp_path, how):
        path = mailbox(tmp_path)
        settings = {"use_flock_lock": how == "flock", "use_fcntl_lock": how != "flock", "lock_retries": 1}
        settings["use_lockfile"] = False
        expected = [f"== joe@y.example {T} defer (-9): failed to lock mailbox @D/m (fcntl/flock)"]
        with path.open("r+") as other:
            if how == "flock":
                fcntl.flock(other, fcntl.LOCK_EX)
            elif how == "in this process":
                assert lock_open_file(other.fileno(), {"use_mbx_lock": False, "lock_fcntl_timeout": 0, **settings})
            else:
                holder = subprocess.Popen(
                    [
                        sys.executable,
                        "-c",
                        "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.lockf(f,2); print(); input()",
                        path,
                    ],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
                holder.stdout.readline()
            try:
                assert deliver(tmp_path, file="@D/m", **settings)[1] == expected
            finally:
                if how == "fcntl":
                    holder.communicate(b"\n")
        assert deliver(tmp_path, file="@D/m", **settings)[1] == [OK]

    def test_two_deliveries_of_one_process_at_a_time(self, tmp_path):
        with ThreadPoolExecutor(8) as threads:
            logs = list(threads.map(lambda _: deliver(tmp_path, file="@D/m")[1], range(24)))
        assert logs == [[OK]] * 24
        text = (tmp_path / "m").read_text()
        assert text.count(HEAD) == 24
        assert len(text) % 24 == 0

    def test_file_format(self, tmp_path):
        path = mailbox(tmp_path, b"abcdef\n")
        world = World()
        world.transport(
            "appendfile", name="u", file=f"{tmp_path}/m", message_prefix="PP\n", message_suffix="", headers_only=True
        )
        log = deliver(tmp_path, world=world, file="@D/m", file_format="From : t : abc : u")[1]
        assert log == ["=> joe <joe@y.example> R=r T=u"]
        assert path.read_text() == "abcdef\nPP\n" + HEAD + "\n"
        log = deliver(tmp_path, file="@D/m", file_format="From : t : xx : u")[1]
        assert log == [f"== joe@y.example {T} defer (-33): mailbox file format unrecognized"]

    def test_shadow(self, tmp_path):
        world = World()
        world.transport("appendfile", name="u", file="box/m")
        log = deliver(tmp_path, world=world, file="@D/m", shadow_transport="u")[1]
        assert log == [f'{OK} ST=u (appendfile: file or directory name "box/m" is not absolute)']

    def test_a_large_body_from_a_file(self, tmp_path):
        from eximia.context import Body

        text = b"line\n.\nFrom x\n" * 60000
        (tmp_path / "D").write_bytes(b"id-D\n" + text)
        world = World()
        world.message.body = Body(None, str(tmp_path / "D"), 5, len(text))
        deliver(tmp_path, world=world, file="@D/m", body_only=True, message_prefix="", message_suffix="")
        assert (tmp_path / "m").read_bytes() == text.replace(b"From x", b">From x")


class TestDirectories:
    def test_maildir(self, tmp_path):
        assert deliver(tmp_path, directory="@D/md", maildir_format=True)[1] == [OK]
        (name,) = os.listdir(tmp_path / "md" / "new")
        assert re.fullmatch(r"\d+\.M\d+P\d+\.my\.host\.example", name)
        assert (tmp_path / "md" / "new" / name).read_bytes() == HEAD.encode() + b"\n" + BODY
        assert os.listdir(tmp_path / "md" / "tmp") == []
        assert (tmp_path / "md" / "cur").is_dir()

    def test_tag_with_the_size_written(self, tmp_path):
        deliver(tmp_path, directory="@D/md", maildir_format=True, maildir_tag=",S=$message_size")
        (name,) = os.listdir(tmp_path / "md" / "new")
        assert name.endswith(f",S={len(HEAD) + 1 + len(BODY)}")

    def test_sizes_file_and_quota(self, tmp_path):
        settings = {"directory": "@D/md", "maildir_format": True, "maildir_use_size_file": True, "quota": "500"}
        size = len(HEAD) + 1 + len(BODY)
        deliver(tmp_path, **settings)
        deliver(tmp_path, **settings)
        assert (tmp_path / "md" / "maildirsize").read_text() == f"500S,0C\n0 0\n{size} 1\n{size} 1\n"
        log = deliver(tmp_path, **settings)[1]
        assert log[0].startswith(
            f"== joe@y.example {T} defer (-22): mailbox is full (MTA-imposed quota exceeded while writing to tmp/"
        )
        assert os.listdir(tmp_path / "md" / "tmp") == []

    @pytest.mark.parametrize(
        "sums, age, fits",
        [
            ("400 1\n", 0, False),
            ("400 1\n", 3600, True),
            ("300 1\n100 1\n", 0, True),
            ("900 1\n", 0, False),
            ("1 1\n2 1 \n", 0, True),
        ],
    )
    def test_sums_that_leave_no_room(self, tmp_path, sums, age, fits):
        """They are believed while they are young and one."""
        (tmp_path / "md").mkdir()
        file = tmp_path / "md" / "maildirsize"
        file.write_text(f"500S,0C\n{sums}")
        os.utime(file, (time.time() - age,) * 2)
        settings = {"directory": "@D/md", "maildir_format": True, "maildir_use_size_file": True, "quota": "500"}
        assert (deliver(tmp_path, **settings)[1] == [OK]) is fits
        if fits:
            assert file.read_text() == f"500S,0C\n0 0\n{len(HEAD) + 1 + len(BODY)} 1\n"

    def test_filecount(self, tmp_path):
        # the folders count, too
        settings = {"directory": "@D/md", "maildir_format": True, "quota": "1M", "quota_filecount": "4"}
        assert deliver(tmp_path, **settings)[1] == [OK]
        assert "MTA-imposed filecount quota exceeded" in deliver(tmp_path, **settings)[1][0]

    def test_folder_marker(self, tmp_path):
        deliver(tmp_path, directory="@D/md/.sub", maildir_format=True, maildirfolder_create_regex=r"/\.[^/]+$")
        assert (tmp_path / "md" / ".sub" / "maildirfolder").exists()

    def test_mailstore(self, tmp_path):
        settings = {
            "directory": "@D/ms",
            "mailstore_format": True,
            "mailstore_prefix": "pre",
            "mailstore_suffix": "suf",
        }
        deliver(tmp_path, "appendfile", "joe@y.example", "A@y.example", **settings)
        names = sorted(os.listdir(tmp_path / "ms"))
        assert [name.rpartition(".")[2] for name in names] == ["env", "msg"]
        assert (tmp_path / "ms" / names[0]).read_text() == "pre\ns@from.example\njoe@y.example\na@y.example\nsuf\n"

    def test_named_by_inode(self, tmp_path):
        deliver(tmp_path, directory="@D/dd", directory_file="a$inode.b")
        (name,) = os.listdir(tmp_path / "dd")
        assert name == f"a{(tmp_path / 'dd' / name).stat().st_ino}.b"

    def test_a_bad_name_leaves_nothing(self, tmp_path):
        log = deliver(tmp_path, directory="@D/dd", directory_file="${bad")[1]
        assert 'Expansion of "${bad" (directory_file for t transport) failed' in log[0]
        assert os.listdir(tmp_path / "dd") == []


class TestPipe:
    def test_environment_arguments_and_text(self, tmp_path):
        script = tmp_path / "dump"
        script.write_text('#!/bin/sh\nd=$1; shift\n(for a; do echo "arg=$a"; done; env | sort; cat) >$d\n')
        script.chmod(0o755)
        settings = {"command": '@D/dump @D/o $pipe_addresses "x y"', "environment": "A=b : C=d", "home_directory": "/"}
        assert deliver(tmp_path, "pipe", **settings)[1] == [OK]
        text = (tmp_path / "o").read_text()
        assert text.startswith("arg=joe@y.example\narg=x y\nA=b\nC=d\nDOMAIN=y.example\nHOME=/\nLOCAL_PART=joe\n")
        for line in (
            "LOGNAME=joe",
            "RECIPIENT=joe@y.example",
            "SENDER=s@from.example",
            "PATH=/bin:/usr/bin",
            "USER=joe",
        ):
            assert f"\n{line}\n" in text
        assert text.endswith(f"{HEAD}\nHello\n.dot\nFrom me\nbye\n\n")

    @pytest.mark.parametrize(
        "settings, expected",
        [
            ({"command": '/bin/sh -c "exit 1"'}, "** X: Child process of t transport returned 1 from command: /bin/sh"),
            (
                {"command": '/bin/sh -c "exit 75"'},
                "== X defer (0): Child process of t transport returned 75 (could mean temporary error) from command: /bin/sh",
            ),
            (
                {"command": '/bin/sh -c "exit 9"', "temp_errors": "*"},
                "== X defer (0): Child process of t transport returned 9 from command: /bin/sh",
            ),
            (
                {"command": "/no/such"},
                f"** X: Child process of t transport returned 127 ({NOT_RUN}) from command: /no/such",
            ),
            (
                {"command": "/no/such", "freeze_exec_fail": True},
                '== X defer (0): pipe process failed to exec "/no/such"',
            ),
            ({"command": "nosuchcmd a"}, '** X: "nosuchcmd" command not found for t transport'),
            ({"command": "/bin/sleep 9", "timeout": 1}, "** X: pipe delivery process timed out"),
            (
                {"command": "/bin/cat", "allow_commands": "/bin/true"},
                '** X: "/bin/cat" command not permitted by t transport',
            ),
            (
                {"command": "/bin/true", "restrict_to_path": True},
                '** X: "/" found in "/bin/true" (command for t transport) - failed for security reasons',
            ),
            ({"command": "/bin/echo $local_part"}, "** X: Tainted arg 1 for t transport command: 'joe'"),
            ({}, "== X defer (0): no command specified for t transport"),
            ({"command": '/bin/sh -c "echo hi; exit 0"', "return_output": True}, "** X: return message generated"),
            (
                {"command": f'/bin/sh -c "{LOOP}"', "max_output": 100},
                f'** X: Child process of t transport (running command "/bin/sh -c "{LOOP}"") was {KILLED}',
            ),
        ],
    )
    def test_ends(self, tmp_path, settings, expected):
        assert deliver(tmp_path, "pipe", **settings)[1] == [expected.replace("X", f"joe@y.example {T}", 1)]

    def test_output(self, tmp_path):
        settings = {"command": '/bin/sh -c "echo hello; exit 3"', "log_fail_output": True, "return_fail_output": True}
        world, log = deliver(tmp_path, "pipe", **settings)
        assert log[0] == "<joe@y.example>: t transport output: hello"
        outcome = world.addresses[0].outcome
        assert (outcome.output, outcome.return_output) == (b"hello\n", True)

    def test_a_command_need_not_read(self, tmp_path):
        assert deliver(tmp_path, "pipe", world=World(body=b"x\n" * 300000), command="/bin/true")[1] == [OK]

    def test_filter_and_escape(self, tmp_path):
        settings = {
            "command": '/bin/sh -c "cat >@D/o"',
            "transport_filter": "/usr/bin/tr a-z A-Z",
            "body_only": True,
            "check_string": "FROM ",
            "escape_string": "X>",
            "message_prefix": "",
            "message_suffix": "",
        }
        assert deliver(tmp_path, "pipe", **settings)[1] == [OK]
        assert (tmp_path / "o").read_text() == "HELLO\n.DOT\nX>ME\nBYE\n"

    def test_redirected(self, tmp_path):
        world = World()
        transport = world.transport("pipe")
        parent = world.address("joe@y.example", transport)
        child = Address(Untainted(f"|/bin/sh -c 'echo $LOCAL_PART >{tmp_path}/o'"), parent=parent, kind=Kind.PIPE)
        child.transport, child.router = transport, parent.router
        engine.run(world.context(), Batch(transport, [child], "s"))
        assert child.outcome.result is Result.DELIVERED
        assert (tmp_path / "o").read_text() == "joe\n"


class TestLmtp:
    def test_a_command_that_speaks_it(self, tmp_path):
        script = tmp_path / "lmtpd"
        script.write_text(
            '#!/bin/sh\nprintf "220 hi\\r\\n"\nn=0\nwhile read -r line; do\n'
            'line=${line%"$(printf "\\r")"}\necho "$line" >>' + str(tmp_path) + "/o\n"
            'case "$line" in LHLO*) printf "250-x\\r\\n250 PIPELINING\\r\\n";; DATA) printf "354 go\\r\\n";;\n'
            ' .) printf "250 one\\r\\n450 two\\r\\n";; QUIT) printf "221 bye\\r\\n"; exit;;\n'
            ' MAIL*|RCPT*) printf "250 ok\\r\\n";; esac\ndone\n'
        )
        script.chmod(0o755)
        log = deliver(tmp_path, "lmtp", "joe@y.example", "jim@y.example", command="@D/lmtpd", body_only=True)[1]
        assert log == [f'{OK} C="250 one"', f"== jim@y.example {T} defer (-46): LMTP error after end of data: 450 two"]
        assert (tmp_path / "o").read_text().splitlines() == [
            "LHLO my.host.example",
            "MAIL FROM:<s@from.example>",
            "RCPT TO:<joe@y.example>",
            "RCPT TO:<jim@y.example>",
            "DATA",
            "Hello",
            "..dot",
            "From me",
            "bye",
            ".",
            "QUIT",
        ]

    def test_nobody_there(self, tmp_path):
        why = "Failed to connect to socket @D/s for t transport: No such file or directory"
        assert deliver(tmp_path, "lmtp", socket="@D/s")[1] == [f"== joe@y.example {T} defer (-1): {why}"]
        log = deliver(tmp_path, "lmtp", command="/bin/false")[1]
        assert log == [f"== joe@y.example {T} defer (-1): LMTP connection closed after initial connection"]


class TestAutoreply:
    def world(self):
        world = World()
        self.sent = []
        world.process.services.submit = lambda process, data, to, **how: (
            self.sent.append((data.decode(), to, how)) or "id"
        )
        return world

    def test_message(self, tmp_path):
        settings = {"to": "$sender_address", "from": "me@x", "subject": "Re: $h_subject:", "text": "Hello\nthere"}
        assert deliver(tmp_path, "autoreply", world=self.world(), bcc="b@x", **settings)[1] == [OK]
        ((data, to, how),) = self.sent
        assert data == (
            "From: me@x\nTo: s@from.example\nSubject: Re: hi\nIn-Reply-To: <E1@my.host.example>\n"
            "References: <E1@my.host.example>\nAuto-Submitted: auto-replied\n\nHello\nthere\n"
        )
        assert to == ["s@from.example", "b@x"]
        assert (how["reference"], how["author"].uid) == ("1xV3Jl-0002UP-11", os.getuid())

    def test_never_mail(self, tmp_path):
        world = self.world()
        world.process.services.lists = None
        settings = {"to": "Me <q@o.example>, $sender_address", "from": "me@x", "text": "x"}
        deliver(tmp_path, "autoreply", world=world, never_mail="s@from.example", **settings)
        assert self.sent[0][1] == ["q@o.example"]
        deliver(tmp_path, "autoreply", world=world, never_mail="s@from.example : q@o.example", **settings)
        assert len(self.sent) == 1

    def test_once_and_log(self, tmp_path):
        settings = {"to": "$sender_address", "from": "me@x", "text": "x", "once": "@D/once", "log": "@D/log"}
        for size in (0, 1000):
            world = self.world()
            for _ in range(2):
                deliver(tmp_path, "autoreply", world=world, once_file_size=size, **settings)
            assert len(self.sent) == 1
            assert "previously sent to s@from.example" in (tmp_path / "log").read_text()
            (tmp_path / "once").unlink()

    @pytest.mark.parametrize("size", [0, 1000])
    def test_names_beyond_ascii(self, tmp_path, size):
        names = {name: f"{tmp_path}/{name}-\u2603".encode().decode("latin-1") for name in ("once", "log", "file")}
        (tmp_path / "file-\u2603").write_text("text")
        asked = {
            "to": "a@b", "once_folder": False, "once_file_size": size, "once_repeat": 0, "mode": 0o600, "stamp": "now",
            "transport": "t", "file_optional": False, "log_text": "told\n", **names,
        }  # fmt: skip
        assert autoreply.run({"step": "read", **asked}, []) == {"result": "done", "sent_before": False, "text": "text"}
        autoreply.run({"step": "record", **asked}, [])
        assert autoreply.run({"step": "read", **asked}, [])["sent_before"]
        assert sorted(os.listdir(tmp_path)) == ["file-\u2603", "log-\u2603", "once-\u2603"]

    def test_from_a_filter(self, tmp_path):
        world = self.world()
        transport = world.transport("autoreply")
        address = Address(">to@x", parent=world.address("joe@y.example", transport), kind=Kind.REPLY)
        address.transport, address.router = transport, SimpleNamespace(name="r")
        address.reply = Reply(from_="f@x", to="to@x", subject="S", text="T", return_message=True)
        engine.run(world.context(), Batch(transport, [address], "s"))
        data, to, _ = self.sent[0]
        assert to == ["to@x"]
        assert "\nT\n\n------ This is a copy of the message, including all the headers.\n\n" + HEAD in data

    def test_bad_settings_fail(self, tmp_path):
        log = deliver(tmp_path, "autoreply", world=self.world(), to="a\001b")[1]
        assert "contains non-printing character 1" in log[0]
        log = deliver(tmp_path, "autoreply", world=self.world(), to="a@b", file="/nosuch")[1]
        assert log[0].startswith(
            f"== joe@y.example {T} defer (2): No such file or directory: Failed to open file /nosuch"
        )


class TestQueuefile:
    def test_the_pair_is_copied(self, tmp_path):
        (tmp_path / "in").mkdir()
        (tmp_path / "out").mkdir()
        world = World()
        for suffix in ("-D", "-H"):
            (tmp_path / "in" / f"{world.message.id}{suffix}").write_text(f"text{suffix}")
        world.process.spool = SimpleNamespace(
            find_header=lambda message_id, queue="": "here", path=lambda i, s, place: f"{tmp_path}/in/{i}{s}"
        )
        world.process.ports.blocking = lambda function, *args: function(*args)
        assert deliver(tmp_path, "queuefile", world=world, directory="@D/out")[1] == [OK]
        assert sorted(os.listdir(tmp_path / "out")) == [f"{world.message.id}-D", f"{world.message.id}-H"]
        log = deliver(tmp_path, "queuefile", world=world, directory="@D/none")[1]
        assert "defer (2): No such file or directory: t transport could not copy spool files" in log[0]


def test_without_privilege_only_as_ourselves(tmp_path):
    world = World()
    us = {"exim_user": os.getuid(), "exim_group": os.getgid()}
    world.process.main = SimpleNamespace(**{**vars(world.process.main), **us, "deliver_drop_privilege": True})
    _, log = deliver(tmp_path, world=world, file="@D/m", user=8, group=8)
    assert f"unable to set gid=8 or uid=8 (euid={os.getuid()}): local delivery to joe <joe@y.example>" in log[0]
    _, log = deliver(tmp_path, world=world, file="@D/m", user=os.getuid(), group=os.getgid())
    assert log[-1] == OK
