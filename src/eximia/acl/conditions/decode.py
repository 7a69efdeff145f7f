"""`decode`: write the current MIME part, decoded, into a file (manual 45.4)."""

from __future__ import annotations

import os

from eximia.acl.mime import MimeScan
from eximia.acl.model import Handler
from eximia.acl.phases import MIME, NOT_SMTP_MIME, all_but
from eximia.acl.run import Run
from eximia.base.errors import Defer
from eximia.base.text import is_tainted
from eximia.logs.printing import printing


def _check(one: Run, text: str) -> bool:
    """`default`, a directory, a full path, or a name in the default directory; 0 and false do nothing.

    Raises Defer when the file cannot be written, or its name came from outside (9.3): the part is not known then.
    """
    if text in {"0", "false"}:
        return False
    scan: MimeScan = one.ctx.message.notes["mime"]
    if text and is_tainted(text):
        path = text if text.startswith("/") else f"{scan.directory}/{text}"
        one.ctx.process.log.panic(f"Tainted filename '{printing(path)}'", one.ctx.message.id)
        raise Defer("")
    try:
        if text in {"", "default"}:
            scan.write(scan.directory)
        elif text.startswith("/"):
            if os.path.isdir(text):
                scan.write(text)
            else:
                directory, name = os.path.split(text)
                scan.write(directory, name)
        else:
            scan.write(scan.directory, text.replace("/", "_"))
    except OSError:
        raise Defer("") from None
    return True


DECODE = Handler("decode", _check, forbidden=all_but(MIME, NOT_SMTP_MIME))
