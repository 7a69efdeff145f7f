"""The message as a job writes it: from the fields and descriptors it was given to blocks of bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from typing import Any

from eximia.context import Body
from eximia.transports.writer import body_blocks, escaped, with_crlf

from .filter import filter_blocks


def message_blocks(fields: dict[str, Any], fds: list[int]) -> Iterator[bytes]:
    """Header and body with all changes: transport filter, `check_string`, CRLF. Not prefix and suffix.

    Fields: `header` (LF lines, with the empty line), `body` (bytes, or None: read `size` bytes at `offset` of the
    first descriptor), `wire` (the file is in wire format), `no_body`, `filter` (argument vector) with
    `filter_timeout`, `check`, `escape`, `bsmtp` (header lines are escaped, too), `crlf`.
    """
    check = fields.get("check")
    if fields.get("filter"):
        blocks: Iterator[bytes] = filter_blocks(fields["filter"], _plain(fields, fds), fields["filter_timeout"])
    elif check and not fields.get("bsmtp"):
        blocks = _plain({**fields, "header": ""}, fds)
    else:
        blocks = _plain(fields, fds)
    if check:
        blocks = escaped(blocks, check.encode("latin-1"), fields["escape"].encode("latin-1"))
        if not fields.get("filter") and not fields.get("bsmtp"):
            # header lines stay as they are
            blocks = chain((fields["header"].encode("latin-1"),), blocks)
    if fields.get("crlf"):
        blocks = with_crlf(blocks)
    return blocks


def _plain(fields: dict[str, Any], fds: list[int]) -> Iterator[bytes]:
    header = fields["header"]
    if header:
        yield header.encode("latin-1")
    if fields.get("no_body"):
        return
    body = fields.get("body")
    if body is not None:
        if body:
            yield body
        return
    fd = os.dup(fds[0])
    try:
        stored = Body(None, "", fields["offset"], fields["size"], fd, wire=bool(fields.get("wire")))
        yield from body_blocks(stored)
    finally:
        os.close(fd)
