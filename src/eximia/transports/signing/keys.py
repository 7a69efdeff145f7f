"""Private keys as the options of the transport give them: PEM text, or a file's name.

Parsed keys are kept in the process; a file is looked at again each time, and read again when it has changed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.text import is_tainted, to_bytes
from eximia.mailauth.keys import KeyProblem, SigningKey, load_private_key

if TYPE_CHECKING:
    from eximia.context import Context

_MOST = 256
#: what says that nothing is to be signed
NONE = ("", "0", "false")


class KeyUnusable(Exception):
    """No key: `lines` go to the main and panic logs, `why` to the address when signing is strict."""

    def __init__(self, lines: list[str], why: str = "") -> None:
        super().__init__(why)
        self.lines = lines
        self.why = why


def private_key(ctx: Context, text: str) -> SigningKey:
    """The key. Raises KeyUnusable."""
    known: dict[str, tuple[int, int, SigningKey]] = ctx.process.caches.setdefault("signing.keys", {})
    changed = size = 0
    if text.startswith("/"):
        if is_tainted(text):
            raise KeyUnusable([f"Tainted filename '{text}'", f"unable to open file for reading: {text}"])
        try:
            status = os.stat(to_bytes(text))
            changed, size = status.st_mtime_ns, status.st_size
            kept = known.get(text)
            if kept is not None and kept[:2] == (changed, size):
                return kept[2]
            with open(to_bytes(text), "rb") as file:
                data = file.read(1 << 16)
        except (OSError, ValueError):
            raise KeyUnusable([f"unable to open file for reading: {text}"]) from None
    else:
        kept = known.get(text)
        if kept is not None:
            return kept[2]
        data = text.encode("latin-1")
    try:
        key = load_private_key(data)
    except KeyProblem as error:
        why = f"privkey PEM-block import: {error}"
        raise KeyUnusable([f"signing_init: {why}", "DKIM: signing failed: PRIVKEY"], why) from error
    if len(known) >= _MOST:
        known.clear()
    known[text] = (changed, size, key)
    return key
