"""`md5`, `sha1`, `sha256`, `sha2_<n>`, `sha3_<n>` of text. Certificates are handled by `certificates`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import to_bytes
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context


def _md5(ctx: Context, subject: str, argument: str | None) -> str:
    return hashlib.md5(to_bytes(subject)).hexdigest()


def _sha1(ctx: Context, subject: str, argument: str | None) -> str:
    return hashlib.sha1(to_bytes(subject)).hexdigest().upper()


def _sha2(ctx: Context, subject: str, argument: str | None) -> str:
    size = argument or "256"
    if size not in ("256", "384", "512"):
        raise ExpansionError("unrecognised sha2 variant")
    return hashlib.new(f"sha{size}", to_bytes(subject)).hexdigest().upper()


def _sha3(ctx: Context, subject: str, argument: str | None) -> str:
    size = argument or "256"
    if size not in ("224", "256", "384", "512"):
        raise ExpansionError("unrecognised sha3 variant")
    return hashlib.new(f"sha3_{size}", to_bytes(subject)).hexdigest().upper()


MD5 = Operator(_md5, safe=True)
SHA1 = Operator(_sha1, safe=True)
SHA256 = SHA2 = Operator(_sha2, safe=True)
SHA3 = Operator(_sha3, safe=True)
