"""The compiled OpenSSL binding, loaded when TLS is first used (see `build`, which makes it, and `c/engine.h`)."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from eximia.base.namedtuple import NamedTuple

#: the extension module; the digits are a digest of its sources, see `build.module_name`
MODULE = "eximia_openssl_a3617e0947a6"
#: the first library with all that is used
_LOWEST = 0x30000020


class Binding(NamedTuple):
    """cffi's two halves of the module."""

    ffi: Any
    lib: Any


class TlsUnavailable(Exception):
    """There is no TLS here; the text says why and what to do."""


@cache
def is_built() -> bool:
    """Whether the module is there. Cheap: it is not loaded."""
    return find_spec(MODULE) is not None


@cache
def binding() -> Binding:
    """The module. Raises TlsUnavailable."""
    try:
        module = import_module(MODULE)
    except ImportError as error:
        raise TlsUnavailable(
            "the OpenSSL binding is not built; build it with `python -m eximia.tls.build`, which needs the Debian "
            f"packages gcc, python3-dev and libssl-dev ({error})"
        ) from None
    number = module.lib.tls_library_number()
    if number < _LOWEST or not module.lib.tls_start():
        raise TlsUnavailable(f"OpenSSL 3.0.2 or later is needed, not {number:#x}")
    return Binding(module.ffi, module.lib)


def last_error(*, of_tls: bool = False) -> str:
    """What the library noted, in its words, the cause first (with `of_tls` what it meant for the protocol); empty when
    there is nothing."""
    ffi, lib = binding()
    text = ffi.new("char[512]")
    lib.tls_error(text, 512, int(of_tls))
    return str(ffi.string(text).decode("latin-1"))


def library_version() -> str:
    """`OpenSSL 3.0.15 3 Sep 2024`. Raises TlsUnavailable."""
    ffi, lib = binding()
    return str(ffi.string(lib.tls_library_version()).decode("ascii", "replace"))
