"""`stat`: what the file system knows of a path."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted, to_bytes
from eximia.context.user_files import status
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context


def _stat(ctx: Context, subject: str, argument: str | None) -> str:
    try:
        path = to_bytes(subject)
        found = os.stat(path) if ctx.message.acting is None else status(ctx, path)
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else "No such file or directory"
        raise ExpansionError(f"stat({subject}) failed: {reason}") from error
    return Untainted(
        f"mode={found.st_mode & 0o77777:04o} smode={stat.filemode(found.st_mode)} inode={found.st_ino} "
        f"device={found.st_dev} links={found.st_nlink} uid={found.st_uid} gid={found.st_gid} size={found.st_size} "
        f"atime={int(found.st_atime)} mtime={int(found.st_mtime)} ctime={int(found.st_ctime)}",
    )


STAT = Operator(_stat, pure=False)
