"""Tag lists: `a=1; b=2` (RFC 6376 section 3.2), as DKIM, DomainKeys, ARC and their key records have them."""

from __future__ import annotations

import base64
from typing import Final

_NAME: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_ALPHA: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_WSP: Final = b" \t\r\n"
#: the most tags that are looked at
MOST_TAGS: Final = 64


class TagError(ValueError):
    """Not a tag list; the text says why. `tags` is what could be read."""

    def __init__(self, text: str, tags: dict[str, bytes]) -> None:
        super().__init__(text)
        self.tags = tags


def parse_tags(text: bytes) -> dict[str, bytes]:
    """Tag names to their values, white space around both removed. Raises TagError for what is no tag list: a part
    without `=`, a bad name, a name given twice, more than 64 tags."""
    tags: dict[str, bytes] = {}
    problem = ""
    parts = text.split(b";")
    if not parts[-1].strip(_WSP):
        parts.pop()
    if len(parts) > MOST_TAGS:
        raise TagError("too many tags", {})
    for part in parts:
        name, equals, value = part.partition(b"=")
        name = name.strip(_WSP)
        if not equals:
            problem = problem or ("tag without a value" if name else "empty tag")
            continue
        if not name or name[0] not in _ALPHA or not _NAME.issuperset(name):
            problem = problem or "bad tag name"
            continue
        key = name.decode("ascii")
        if key in tags:
            problem = problem or f"tag {key}= given twice"
            continue
        tags[key] = value.strip(_WSP)
    if problem:
        raise TagError(problem, tags)
    return tags


def compact(value: bytes) -> bytes:
    """A value without the white space that folding put into it."""
    return b"".join(value.split())


def base64_value(value: bytes) -> bytes:
    """What a value in base 64 stands for; the padding may be missing (`base64string` of RFC 6376 section 2.10). Raises
    ValueError."""
    coded = compact(value)
    bare = coded.rstrip(b"=")
    if len(coded) - len(bare) > 2:
        raise ValueError("too much padding")
    return base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)


def without_tag(field: bytes, name: bytes) -> bytes:
    """A whole field without the value of one tag of its tag list (and the white space around it), all else as it is."""
    head, colon, text = field.partition(b":")
    parts = text.split(b";")
    for index, part in enumerate(parts):
        key, equals, value = part.partition(b"=")
        if equals and key.strip(_WSP) == name:
            # The line end of the whole field is no part of the value.
            end = b""
            if index == len(parts) - 1 and value.endswith(b"\n"):
                end = b"\r\n" if value.endswith(b"\r\n") else b"\n"
            parts[index] = key + b"=" + end
            break
    return head + colon + b";".join(parts)


def decimal(value: bytes, digits: int = 76) -> int | None:
    """An unsigned number as RFC 6376 section 3.5 allows it, None when it is none."""
    return int(value) if value.isdigit() and len(value) <= digits else None
