"""The installed Exim asked about configurations, and ourselves asked the same."""

from __future__ import annotations

import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from eximia.base.errors import ConfigError
from eximia.cli.show_options import show
from eximia.config.files import Trust
from eximia.config.messages import fatal_text
from eximia.config.site import Site
from eximia.daemon.loading import load

EXIM = shutil.which("exim4")
needs_exim = pytest.mark.skipif(EXIM is None, reason="exim4 is not installed")

_WARNING = re.compile(r"^.*Warning: purging the environment\.\n.*\n", re.MULTILINE)
_ARGUMENTS = re.compile(r"^.* cwd=.* args: .*\n", re.MULTILINE)
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", re.MULTILINE)


def _debian() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("Debian-exim")
    except KeyError:
        return 0, 0
    return entry.pw_uid, entry.pw_gid


#: what Debian's build of Exim fixes
SITE = Site(
    *_debian(), log_file_path="/var/log/exim4/%slog", pid_file_path="/run/exim4/exim.pid", program="/usr/sbin/exim4"
)
ANYBODY = Trust(anybody=True)


def exim(path: Path, *words: str) -> tuple[int, str, str]:
    """Exit status, output and errors of Exim with that configuration."""
    assert EXIM is not None
    done = subprocess.run([EXIM, "-C", str(path), *words], capture_output=True, check=False)
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")


def exim_error(path: Path) -> str:
    """What Exim says when it refuses the configuration; empty when it does not."""
    errors = _ARGUMENTS.sub("", exim(path, "-bV")[2])
    return _STAMP.sub("", _WARNING.sub("", errors)).rstrip("\n")


def our_error(path: Path) -> str:
    try:
        load(SITE, paths=[str(path)], trust=ANYBODY)
    except ConfigError as error:
        return fatal_text(error)
    return ""


def ours(path: Path, *words: str, labels: bool = True) -> tuple[int, str]:
    out: list[str] = []
    configuration = load(SITE, paths=[str(path)], trust=ANYBODY)
    status = show(configuration, words, out.append, no_labels=not labels)
    return status, "".join(out)
