"""`require_files` (manual 15): do the named files exist, and may a certain user read them?"""

from __future__ import annotations

import errno
import os
import stat

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.template import Template
from eximia.base.text import to_bytes
from eximia.context import Context
from eximia.expand import expand

from .local_user import find_group, find_user
from .result import RouterDefer


def files_as_required(ctx: Context, items: list[Template]) -> bool:
    """True when every item is satisfied. Raises RouterDefer when that cannot be known."""
    uid: int | None = None
    gid: int | None = None
    for item in items:
        try:
            text = expand(item, ctx).strip()
        except ForcedFailure:
            continue
        except ExpansionError as error:
            raise RouterDefer(f'failed to expand "{item.text}" for require_files: {error.message}') from None
        if not text:
            continue
        if "/" not in text:
            uid, gid = _identity(ctx, text)
            continue
        absent_when_denied = text[0] == "+"
        if absent_when_denied:
            text = text[1:].lstrip()
        wanted = text[:1] != "!"
        if not wanted:
            text = text[1:].lstrip()
        if not text.startswith("/"):
            raise RouterDefer(f'require_files: "{text}" is not absolute')
        if _exists(text, uid, gid, absent_when_denied) is not wanted:
            return False
    return True


def _identity(ctx: Context, text: str) -> tuple[int, int]:
    """`user` or `user,group`, by name or number."""
    user_text, _, group_text = text.partition(",")
    user_text = user_text.rstrip()
    gid: int | None = None
    if user_text.isdigit():
        uid = int(user_text)
    else:
        user = find_user(ctx.process, user_text)
        if user is None:
            raise RouterDefer(f'user "{user_text}" for require_files not found')
        uid, gid = user.uid, user.gid
    if group_text:
        gid = int(group_text) if group_text.isdigit() else find_group(group_text)
        if gid is None:
            raise RouterDefer(f'group "{group_text}" for require_files not found')
    if gid is None:
        raise RouterDefer(f"group missing after numerical uid {user_text} for require_files")
    return uid, gid


def _exists(path: str, uid: int | None, gid: int | None, absent_when_denied: bool) -> bool:
    raw = to_bytes(path)
    try:
        if uid is None or gid is None:
            os.stat(raw)
        elif not _readable(raw, uid, gid):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno == errno.EACCES and absent_when_denied:
            return False
        raise RouterDefer(f"require_files: error for {path}: {error.strerror}") from None
    return True


def _readable(raw: bytes, uid: int, gid: int) -> bool:
    """The manual's rough check: x on each directory of the path, r on the file. Raises OSError."""
    if uid == 0:
        os.stat(raw)
        return True
    at = raw.find(b"/", 1)
    while at > 0:
        if not _allows(os.stat(raw[:at]), uid, gid, stat.S_IXUSR):
            return False
        at = raw.find(b"/", at + 1)
    return _allows(os.stat(raw), uid, gid, stat.S_IRUSR)


def _allows(status: os.stat_result, uid: int, gid: int, owner_bit: int) -> bool:
    if status.st_uid == uid:
        return bool(status.st_mode & owner_bit)
    if status.st_gid == gid:
        return bool(status.st_mode & owner_bit >> 3)
    return bool(status.st_mode & owner_bit >> 6)
