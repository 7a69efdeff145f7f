"""`decode`: write the current MIME part, decoded, into a file (manual 45.4)."""

from __future__ import annotations

import os

from eximia.acl.mime import MimeScan
from eximia.acl.model import Handler
from eximia.acl.phases import MIME, NOT_SMTP_MIME, all_but
from eximia.acl.run import Run


def _check(one: Run, text: str) -> bool:
    """`default`, a directory, a full path, or a name in the default directory; 0 and false do nothing."""
    if text.lower() in {"0", "false", ""}:
        return False
    scan: MimeScan = one.ctx.message.notes["mime"]
    try:
        if text == "default":
            scan.write(scan.directory)
        elif text.startswith("/"):
            if os.path.isdir(text):
                scan.write(text)
            else:
                directory, name = os.path.split(text)
                scan.write(directory, name)
        else:
            scan.write(scan.directory, text.replace("/", "_"))
    except OSError as error:
        one.ctx.process.log.panic(f"decode: failed to write {text}: {error.strerror}", one.ctx.message.id)
        return False
    return True


DECODE = Handler("decode", _check, forbidden=all_but(MIME, NOT_SMTP_MIME))
