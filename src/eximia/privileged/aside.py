"""Root set aside: a program that began as root is the mail user while it takes in a message (manual 56.2).

Exim gives root up for good and starts itself again for the delivery. Here one process goes on to deliver, so root stays
in reach as the saved user id. That keeps links planted in the spool, files of others and commands of ACLs from being
met as root; it is no wall against foreign code in the process.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager


def set_aside(uid: int, gid: int) -> None:
    """Be this user, with its groups, until `take_up`. For root only. Raises OSError."""
    try:
        groups = os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:
        groups = [gid]
    os.setgroups(groups)
    os.setegid(gid)
    os.seteuid(uid)


def is_set_aside() -> bool:
    """Whether root can be taken up again."""
    return os.geteuid() != 0 and os.getresuid()[2] == 0


def take_up() -> None:
    """Be root again if it was set aside. The groups stay the mail user's."""
    if is_set_aside():
        os.seteuid(0)
        os.setegid(0)


@contextmanager
def taken_up() -> Iterator[None]:
    """Root for a while, if it was set aside."""
    uid, gid = os.geteuid(), os.getegid()
    take_up()
    try:
        yield
    finally:
        if os.geteuid() != uid:
            os.setegid(gid)
            os.seteuid(uid)
