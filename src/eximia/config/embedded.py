"""The embedded configuration: where it keeps its state, its text, and its mailboxes."""

from __future__ import annotations

import os
from importlib import resources

FIRST_MAILBOXES = ("postmaster", "alice", "bob")


def state_folder() -> str:
    """Where the embedded configuration keeps everything: $EXIMIA_STATE, or a folder of the user's."""
    chosen = os.environ.get("EXIMIA_STATE", "")
    if chosen:
        return os.path.abspath(chosen)
    if os.geteuid() == 0:
        return "/var/lib/eximia"
    base = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(base, "eximia")


def text(state: str) -> str:
    """The configuration's text, with its state folder filled in."""
    source = resources.files("eximia.config").joinpath("default.conf").read_text(encoding="ascii")
    return source.replace("@STATE@", state)


def prepare(state: str, uid: int = -1, gid: int = -1) -> str:
    """Make the folders and mailboxes that the configuration names, where they are not there; its file's path.

    `uid` and `gid` own them (-1: whoever we are): the user that the server runs as when root starts it.
    """
    os.makedirs(os.path.dirname(state) or "/", exist_ok=True)
    for folder in ("", "spool", "log", "mail", *(f"mail/{name}" for name in FIRST_MAILBOXES)):
        path = os.path.join(state, folder) if folder else state
        if not os.path.isdir(path):
            os.mkdir(path, 0o700)
            os.chown(path, uid, gid, follow_symlinks=False)
    for name in ("passwords", "aliases"):
        path = os.path.join(state, name)
        if not os.path.exists(path):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"# {name} of the embedded configuration\n")
                os.fchown(file.fileno(), uid, gid)
    path = os.path.join(state, "eximia.conf")
    content = text(state)
    try:
        with open(path, encoding="ascii") as file:
            if file.read() == content:
                return path
    except OSError:
        pass
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), "w") as file:
        file.write(content)
    os.replace(path + ".new", path)
    return path
