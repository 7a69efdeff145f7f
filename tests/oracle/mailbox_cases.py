"""Mailboxes that are not as they should be, places where none may be made, and the files of Maildir++ (manual 26.2 to
26.9): an installed Exim and we come to the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .test_transports import MAILDIR, F, box_file
from .transport_world import MAIL, Case

Make = Callable[[Path], object]


def both(*makers: Make) -> Make:
    def make(box: Path) -> None:
        for each in makers:
            each(box)

    return make


def folders(*names: str, uid: int = MAIL, mode: int = 0o700) -> Make:
    def make(box: Path) -> None:
        for name in names:
            (box / name).mkdir()
            os.chown(box / name, uid, uid)
            (box / name).chmod(mode)

    return make


def link(name: str, to: str) -> Make:
    def make(box: Path) -> None:
        (box / name).symlink_to(to)
        os.lchown(box / name, MAIL, MAIL)

    return make


def second_name(box: Path) -> None:
    os.link(box / "m", box / "n")


def pipe(box: Path) -> None:
    os.mkfifo(box / "m", 0o600)
    os.chown(box / "m", MAIL, MAIL)


def old_outside(box: Path) -> None:
    """A lock whose time is told to be long ago."""
    os.utime(box / "m.lock", (1, 1))


HOME = both(folders("h", "o", "h/in", "o/p"), link("h/out", "../o"))


def place(path: str, where: str, before: Make = HOME, *, home: str = "@D/box/h", more: str = "") -> Case:
    """`create_file`. Names that are not expanded end Exim's process where it follows links."""
    name = "directory" if more else "file"
    return Case(
        f" {name} = ${{if eq{{a}}{{a}}{{@D/box/{path}}}}}\n create_file = {where}\n home_directory = {home}\n{more}",
        before=before,
    )


def maildir(*files: tuple[str, str], sums: str | None = None) -> Make:
    def make(box: Path) -> None:
        named = [*files, *([] if sums is None else [("maildirsize", sums)])]
        for name in ("md", *(f"md/{each}" for each in ("new", "cur", "tmp"))):
            (box / name).mkdir(exist_ok=True)
            os.chown(box / name, MAIL, MAIL)
        for name, text in named:
            path = box / "md" / name
            path.write_text(text)
            path.chmod(0o600)
            os.chown(path, MAIL, MAIL)

    return make


A_MAILDIR = " maildir_format\n"
SUMS = MAILDIR + " maildir_use_size_file\n"
FOLDER = (
    " directory = @D/box/md/.Trash\n maildir_format\n maildirfolder_create_regex = /\\.[^/]+$\n maildir_use_size_file\n"
)

CASES = {
    "a second name": Case(F, before=both(box_file(), second_name)),
    "a second name behind a link": Case(F + " allow_symlink\n", before=both(box_file(), second_name, link("k", "m"))),
    "a link": Case(F, before=link("m", "z")),
    "a folder": Case(F, before=folders("m")),
    "a named pipe": Case(F, before=pipe),
    "a named pipe that nobody reads": Case(F + " allow_fifo\n", before=pipe),
    "a lock of another time": Case(F + " lock_retries = 1\n", before=both(box_file("m.lock"), old_outside)),
    "maildir in a file": Case(F + A_MAILDIR),
    "mailstore in a file": Case(F + " mailstore_format\n"),
    "a name that is taken": Case(" directory = @D/box/dd\n directory_file = same\n", times=2),
    "no name": Case(" directory = @D/box/dd\n directory_file =\n"),
    "mailstore, nothing around": Case(
        " directory = @D/box/ms\n mailstore_format\n mailstore_prefix =\n mailstore_suffix =\n", sender="<>"
    ),
    "maildir that is a file": Case(" directory = @D/box/m\n maildir_format\n", before=box_file()),
    "new that is a file": Case(MAILDIR, before=both(folders("md"), box_file("md/new"))),
    "tmp of somebody else": Case(MAILDIR, before=both(folders("md"), folders("md/tmp", uid=0, mode=0o755))),
    "new of somebody else": Case(MAILDIR, before=both(folders("md"), folders("md/new", uid=0, mode=0o755))),
    "new of somebody else, with a tag": Case(
        MAILDIR + " maildir_tag = ,x\n", before=both(folders("md"), folders("md/new", uid=0, mode=0o755))
    ),
    "tag beyond ASCII": Case(MAILDIR + " maildir_tag = ,\\xe4b\n"),
    "mbx, prefix and suffix": Case(
        F + ' mbx_format\n use_fcntl_lock\n use_mbx_lock\n message_prefix = "A\\n"\n message_suffix = "B\\n"\n'
    ),
    "in home: there": place("h/m", "inhome"),
    "in home: below": place("h/in/m", "inhome"),
    "in home: below, no folder": place("h/x/m", "inhome"),
    "in home: by way of another": place("h/in/../m", "inhome"),
    "in home: exists": place("h/in/m", "inhome", both(HOME, box_file("h/in/m"))),
    "in home: maildir": place("h/md", "inhome", more=A_MAILDIR),
    "in home: maildir, exists": place("h/in", "inhome", more=A_MAILDIR),
    "in home: mailstore": place("h/in/ms", "inhome", more=" mailstore_format\n"),
    "in home: home itself": place("h", "inhome", more=A_MAILDIR),
    "below home": place("h/x/y/m", "belowhome"),
    "below home: out again": place("h/in/../m", "belowhome"),
    "below home: by a link": place("h/out/m", "belowhome"),
    "below home: by a link, deeper": place("h/out/p/m", "belowhome"),
    "below home: by a link, no folder": place("h/out/x/m", "belowhome"),
    "below home: by a link, exists": place("h/out/m", "belowhome", both(HOME, box_file("o/m"))),
    "below home: by a link, maildir": place("h/out/md", "belowhome", more=A_MAILDIR),
    "below home: by a link, maildir there": place("h/out/p", "belowhome", more=A_MAILDIR),
    "below home: by a link, plain files": place("h/out", "belowhome", more=" mode = 0600\n"),
    "below home: a link inside": place("h/k/m", "belowhome", both(HOME, link("h/k", "in"))),
    "below home: home is a link": place("k/in/m", "belowhome", both(HOME, link("k", "h")), home="@D/box/k"),
    "below a path": place("h/m", "@D/box/h"),
    "below a path: by a link": place("h/out/m", "@D/box/h"),
    "below a path: elsewhere": place("o/md", "@D/box/h", more=A_MAILDIR),
    "below home: from outside": Case(
        " file = @D/box/h/$local_part\n create_file = belowhome\n home_directory = @D/box/h\n", before=HOME
    ),
    "below home: from outside, by a link": Case(
        " file = @D/box/h/out/$local_part\n create_file = belowhome\n home_directory = @D/box/h\n", before=HOME
    ),
    "sums: without a count": Case(SUMS + " quota = 10K\n", before=maildir(sums="10240S\n100 1\n")),
    "sums: with a count": Case(
        SUMS + " quota = 10K\n quota_filecount = 5\n", before=maildir(sums="10240S,5C\n100 1\n")
    ),
    "sums: count first": Case(SUMS + " quota = 10K\n quota_filecount = 5\n", before=maildir(sums="5C,10240S\n100 1\n")),
    "sums: with spaces": Case(SUMS + " quota = 10K\n", before=maildir(sums="10240S\n     500      1\n")),
    "sums: of another quota": Case(SUMS + " quota = 20K\n", before=maildir(sums="10240S\n100 1\n")),
    "sums: full": Case(SUMS + " quota = 1K\n", before=maildir(sums="1024S\n1000 1\n")),
    "sums: full, of two": Case(SUMS + " quota = 1K\n", before=maildir(sums="1024S\n500 1\n500 1\n")),
    "sums: of a folder that does not count": Case(
        FOLDER + " quota = 100\n maildir_quota_directory_regex = ^(?:cur|new|\\.(?!Trash).*)$\n",
        before=maildir(("cur/a", "x" * 1000)),
    ),
    "sums: of a folder that counts": Case(FOLDER + " quota = 100\n", before=maildir(("cur/a", "x" * 1000))),
}
