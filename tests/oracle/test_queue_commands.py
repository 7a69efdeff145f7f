"""The same steps taken by an installed Exim and by us, each on a spool of its own: what is said, exit statuses, logs,
mailboxes and what is left in the spool are the same. See `queue_cases`."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eximia.cli.main import main as program
from oracle.comparing import compare_held
from oracle.queue_cases import CASES, CONFIGURATION
from support_processes import call_whole, reports_apart, run_whole

EXIM = shutil.which("exim4")
pytestmark = pytest.mark.skipif(EXIM is None or os.geteuid() != 0, reason="needs an installed exim4, and root")

MESSAGE = b"From: sender@h.example\nSubject: a message\n\nfirst line\nlast line\n"
VOLATILE = [
    (r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", ""),
    (r"[A-Z][a-z]{2}, \d?\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "DATE"),
    (r"(?m)^(From \S+) .*", r"\1 DATE"),
    (r"Exim 4\.\d\d", "Exim"),
    (r"exim4?:", "exim:"),
    (r"pid=\d+", "pid="),
    (r"\b\d+-eximdsn-\d+", "BOUNDARY"),
    (r"\b\d{10}\b", "TIME"),
    (r"(?m)^ ?\d+[mhd] +[\d.]+K? ", "AGE SIZE "),
    (r" S=\d+", " S="),
    (r"(?m)^(\d{3}). (Message-Id|From|To|Subject|Date|Received)", r"\2"),
    (r"(?m)^\d{3}([A-Z* ]) ", r"N\1 "),
    (r"-received_time\S* \S+", "-received_time"),
    (r"QT=\S+", "QT="),
    (r"(?m)^-(tls_resumption|max_received_linelength|body_linecount).*\n", ""),
]


class World:
    """One program with its spool."""

    def __init__(self, folder: Path, *, ours: bool, main: str, retry: str) -> None:
        self.folder = folder
        self.ours = ours
        folder.mkdir()
        folder.chmod(0o777)
        for name in ("spool", "mail"):
            (folder / name).mkdir()
            shutil.chown(folder / name, "Debian-exim", "Debian-exim")
        (folder / "filter").write_text('# Exim filter\nlogwrite "$message_id filtered"\n')
        extra = "message_id_format = short\n" if ours else "# no such option\n"
        text = CONFIGURATION.format(d=folder, main=extra + main.format(d=folder), retry=retry)
        (folder / "conf").write_text(text)
        self.ids: list[str] = []
        self.said: list[str] = []

    def take(self, steps: list[str]) -> None:
        for step in steps:
            self.step(step)

    def step(self, step: str) -> None:
        if step.startswith("!"):
            time.sleep(float(step[1:]))
            return
        if step.startswith("~"):
            _, which, end = step.split()
            (self.folder / "spool" / "input" / f"{self.id(int(which[1:]))}{end}").write_bytes(b"")
            return
        if step.startswith("+"):
            conf = self.folder / "conf"
            conf.write_text(
                re.sub(r"(?m)^begin .*\n", lambda found: f"{found[0]}{step[2:]}\n", conf.read_text(), count=1)
            )
            return
        before = set(self.known())
        words = shlex.split(step.removeprefix("<").strip().replace("\\", "\\\\"))
        words = [re.sub(r"@(\d)$", lambda found: self.id(int(found[1])), word) for word in words]
        if step.startswith("<"):
            words = ["-odi" if "queue_only" not in self.configured() and "-od" not in step else "-oi", *words]
        out, err, status = self.call(words, MESSAGE if step.startswith("<") else b"")
        self.ids += [each for each in self.known() if each not in before and each not in self.ids]
        self.said.append(f"$ {step}\nstatus {status}\n{out}{err}")

    def configured(self) -> str:
        return (self.folder / "conf").read_text()

    def known(self) -> list[str]:
        """All ids that the log has, in its order, and those of the spool."""
        log = self.folder / "mainlog"
        text = log.read_text(errors="replace") if log.exists() else ""
        return list(dict.fromkeys(re.findall(r"(?m)^\S+ \S+ (\S{6}-\S{6}-\S\S) <=", text)))

    def id(self, number: int) -> str:
        return self.ids[number - 1] if number <= len(self.ids) else "none"

    def call(self, words: list[str], text: bytes) -> tuple[str, str, int]:
        words = ["-C", str(self.folder / "conf"), *words]
        if self.ours:
            ended = call_whole(lambda: program(["exim", *words]), text)
        else:
            assert EXIM is not None
            ended = run_whole([EXIM, *words], text)
        return ended.out.decode("latin-1"), ended.err.decode("latin-1"), ended.status

    def outcome(self) -> str:
        """Everything that came of it, without what is different each time."""
        parts = list(self.said)
        for name in ("mainlog", "paniclog"):
            path = self.folder / name
            lines = path.read_text(errors="replace").splitlines() if path.exists() else []
            parts.append("\n".join([name.upper(), *reports_apart(lines), ""]))
        logs = [path for path in sorted((self.folder / "spool").rglob("msglog/**/*")) if path.is_file()]
        parts += [f"MESSAGE LOG\n{path.read_text()}" for path in logs]
        box = self.folder / "mail" / "box"
        if box.exists():
            text = re.sub(r"(?m)^(Received|Message-Id): .*\n([ \t].*\n)*", "", box.read_text())
            parts.append(f"MAILBOX\n{text}")
        text = "\n".join(parts).replace(str(self.folder), "FOLDER")
        text = re.sub(r"(?m)^.*(lost privilege for using -C option).*\n", "", text)
        for number, each in enumerate(self.ids):
            text = text.replace(each, f"ID{number + 1}")
        text = re.sub(r"\b\S{6}-\S{6}-\S\S\b", "SOME-ID", text)
        for pattern, new in VOLATILE:
            text = re.sub(pattern, new, text)
        return text


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("name", CASES)
def test_queue(name: str, folder: Path) -> None:
    compare_held(lambda: _outcome(name, folder, ours=False), lambda: _outcome(name, folder, ours=True))


def _outcome(name: str, folder: Path, *, ours: bool) -> list[str]:
    main, retry, steps = CASES[name]
    for _ in range(5):
        world = World(Path(tempfile.mkdtemp(dir=folder)) / "world", ours=ours, main=main, retry=retry)
        world.folder.parent.chmod(0o755)
        world.take(steps)
        # ids of one second are in the order of process numbers, which have just begun again if these are not
        if world.ids == sorted(world.ids):
            break
    return world.outcome().splitlines()
