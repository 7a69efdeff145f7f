"""What the mail user could plant in the way of a program that root starts, given to an installed Exim and to us: links
in the place of logs and of the spool's folders, and configurations that read and run at reception (manual 56.2)."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support_processes import run_whole
from support_servers import enterable

from .transport_world import EXIM, SOURCE, needs_exim

pytestmark = needs_exim
PROGRAMS = {"exim4": [str(EXIM)], "ours": [sys.executable, "-m", "eximia.cli.launched", "exim"]}
SESSION = "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<j@y.example>\r\nQUIT\r\n"
CONFIGURATION = """spool_directory = @D/spool
log_file_path = @D/log/%slog
primary_hostname = mx.test.example
keep_environment =
perl_startup = use POSIX; sub who {{ return "$< $>"; }}
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  {rcpt}
  deny
begin routers
r:
  driver = accept
  transport = t
begin transports
t:
  driver = appendfile
  file = @D/box/$local_part_data
  user = nobody
"""


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        enterable(folder)
        for name in ("spool", "log", "elsewhere", "box"):
            (folder / name).mkdir(mode=0o755)
        for name in ("spool", "log"):
            shutil.chown(folder / name, "Debian-exim", "Debian-exim")
        shutil.chown(folder / "box", "nobody")
        (folder / "precious").write_text("treasure\n")
        (folder / "precious").chmod(0o600)
        (folder / "log" / "mainlog").touch()
        shutil.chown(folder / "log" / "mainlog", "Debian-exim", "Debian-exim")
        self.configure("accept")

    def configure(self, rcpt: str) -> None:
        (self.folder / "conf").write_text(CONFIGURATION.format(rcpt=rcpt).replace("@D", str(self.folder)))

    def run(self, program: str, *words: str, said: str = "x\n") -> tuple[str, str]:
        """What it says, once all that it left behind has ended."""
        command = [*PROGRAMS[program], "-C", str(self.folder / "conf"), *words]
        done = run_whole(command, said.encode(), environment={**os.environ, "PYTHONPATH": str(SOURCE)})
        return done.out.decode(), done.err.decode()

    def log(self) -> str:
        return (self.folder / "log" / "mainlog").read_text()


@pytest.fixture
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="eximia-links-") as name:
        yield World(Path(name))


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("words", [("-odq", "j@y.example"), ("-odi", "j@y.example"), ("-q",)])
def test_log(world: World, program: str, words: tuple[str, ...]) -> None:
    """Root does not write through a link, neither while it takes mail in nor while it delivers."""
    log = world.folder / "log" / "mainlog"
    if words == ("-q",):
        world.run(program, "-odq", "j@y.example")
    log.unlink()
    log.symlink_to("../precious")
    world.run(program, *words)
    assert (world.folder / "precious").read_text() == "treasure\n"


@pytest.mark.parametrize("program", PROGRAMS)
def test_folder(world: World, program: str) -> None:
    """A folder of the spool that is a link into one of root's."""
    (world.folder / "spool" / "input").symlink_to("../elsewhere")
    _, errors = world.run(program, "-odi", "j@y.example")
    assert "Permission denied" in errors
    assert os.listdir(world.folder / "elsewhere") == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_policy_may_do(world: World, program: str) -> None:
    """Reading, running and Perl in an ACL are the mail user's."""
    uid = str((world.folder / "spool").stat().st_uid)
    world.configure(f"warn logwrite = read ${{readfile{{{world.folder}/precious}}}}\n  accept")
    replies, _ = world.run(program, "-bs", said=SESSION)
    assert "treasure" not in world.log()
    assert "451 Temporary local problem" in replies
    world.configure("warn logwrite = ran ${run{/bin/sh -c 'id -u; id -ru'}} perl ${perl{who}}\n  accept")
    world.run(program, "-bs", said=SESSION)
    assert f"ran {uid}\\n{uid}\\n perl {uid} {uid}" in world.log()


@pytest.mark.parametrize("mode", ["-odi", "-odb"])
def test_delivery_is_begun_by_root(world: World, mode: str) -> None:
    """The mailbox is written as its user. (Exim starts itself again for it, and does not trust -C then.)"""
    text = (world.folder / "conf").read_text().replace("$local_part_data", "joe")
    (world.folder / "conf").write_text(text)
    world.run("ours", mode, "joe@y.example")
    box = world.folder / "box" / "joe"
    assert "Completed" in world.log()
    assert box.owner() == "nobody"
    assert sorted(os.listdir(world.folder / "spool" / "input")) == []
