"""Reading expanded TLS options: lists of files, OCSP files with their format, protocol names (manual 14, 43)."""

from __future__ import annotations

import re

from eximia.base.listtext import split_list
from eximia.base.text import is_tainted

from .settings import Staple, TlsConfigError


def read_files(text: str, option: str) -> tuple[str, ...]:
    """The items of a list of files. Raises TlsConfigError for names that came from outside."""
    if is_tainted(text) and text:
        raise TlsConfigError(f"Tainted filename '{text}' for {option}")
    return tuple(str(item) for item in split_list(text) if item)


def read_file(text: str, option: str) -> str:
    """One file, or nothing. Raises TlsConfigError."""
    if is_tainted(text) and text:
        raise TlsConfigError(f"Tainted filename '{text}' for {option}")
    return str(text.strip())


def read_staples(text: str) -> tuple[Staple, ...]:
    """`tls_ocsp_file`: `DER` or `PEM` before a name is in force for the rest. Raises TlsConfigError."""
    found = []
    pem = False
    for item in read_files(text, "tls_ocsp_file"):
        form, _, name = item.partition(" ")
        if form in ("DER", "PEM") and name:
            pem = form == "PEM"
            item = name.strip()
        found.append(Staple(item, pem))
    return tuple(found)


def read_protocols(text: str) -> tuple[str, ...]:
    """ALPN names."""
    return tuple(str(item) for item in split_list(text) if 0 < len(item) < 256)


_SNI = re.compile(r"\btls(?:_in)?_sni\b")


def depends_on_name(text: str) -> bool:
    """Whether an option wants to be expanded again when the client has named the server."""
    return _SNI.search(text) is not None
