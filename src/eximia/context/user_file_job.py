"""What a user's filter asks of the file system, as that user (`user_files`). Runs in an agent: plain data only."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping, Sequence
from typing import Any

from eximia.base.refusal import why

#: longer files are not read
LONGEST = 1 << 24


def run(fields: Mapping[str, Any], fds: Sequence[int] = ()) -> dict[str, Any]:
    """`what` is "status" or "content"; of `path`. Returns the field of that name, or `errno` and `text`."""
    path = fields["path"].encode("latin-1")
    try:
        if fields["what"] == "status":
            return {"status": list(os.stat(path)[:10])}
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        with os.fdopen(fd, "rb") as file:
            found = os.fstat(fd)
            if stat.S_ISDIR(found.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not stat.S_ISREG(found.st_mode) or found.st_size > LONGEST:
                raise OSError(errno.EFBIG if stat.S_ISREG(found.st_mode) else errno.EINVAL, "")
            return {"content": file.read(LONGEST).decode("latin-1")}
    except OSError as error:
        return {"errno": error.errno or errno.EIO, "text": why(error)}
