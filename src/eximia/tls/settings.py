"""What a TLS context is made of: options after their expansion, as plain values (manual 43, 30).

Equal settings share a context; the files they name are watched by their stamps (see `contexts`).
"""

from __future__ import annotations

import os

from eximia.base.dataclass import dataclass, field

from .binding import binding

#: values of `Settings.trust` that mean the system's certificates; the longer one is what Exim with GnuTLS knows
SYSTEM = ("system", "system,cache")


class TlsConfigError(Exception):
    """A setting or file that cannot be used; the text is for the log. `fault`: a line of its own in the main and panic
    logs, about the configuration rather than about one connection."""

    def __init__(self, text: str, fault: str = "") -> None:
        super().__init__(text)
        self.fault = fault

    @classmethod
    def expansion(cls, option: str, why: str) -> TlsConfigError:
        """An option that cannot be expanded."""
        return cls("Internal error", f"expansion of {option} failed: {why}")

    def shown(self) -> str:
        """The text as the log shows it after "TLS error on connection from..." and "TLS session: "."""
        text = str(self)
        return text if text.startswith("(") or self.fault.startswith("expansion") else f"({text})"


@dataclass(frozen=True, slots=True)
class Staple:
    """A file with an OCSP response."""

    path: str
    pem: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What servers and clients have in common. Empty texts: not set."""

    certificates: tuple[str, ...] = ()
    #: one for each certificate, or none: then they are in the certificates' files
    keys: tuple[str, ...] = ()
    ciphers: str = ""
    #: empty: nobody is trusted; one of SYSTEM; a file or folder, which adds to the system's
    trust: str = ""
    crl: str = ""
    alpn: tuple[str, ...] = ()
    #: openssl_options as bits to set and to clear
    options: tuple[int, int] = (0, 0)

    def files(self) -> tuple[str, ...]:
        """The files whose change makes another context."""
        named = (*self.certificates, *self.keys, *((self.trust,) if self.trust not in SYSTEM else ()), self.crl)
        return tuple(name for name in named if name)


@dataclass(frozen=True, slots=True)
class ServerSettings(Settings):
    """Of a server. `self_signed`: the name for a certificate of our own where none is configured."""

    self_signed: str = ""
    staples: tuple[Staple, ...] = ()
    #: tls_dhparam: "", "none", "default", a standard name or a file
    dh: str = ""
    dh_most_bits: int = 2236
    #: tls_eccurve: "auto", or a list of curves
    curves: str = "auto"

    def files(self) -> tuple[str, ...]:
        dh = (self.dh,) if self.dh.startswith("/") else ()
        return (*Settings.files(self), *dh, *(each.path for each in self.staples))


@dataclass(frozen=True, slots=True)
class ClientSettings(Settings):
    """Of a client."""

    dane: bool = field(default=False)


Stamp = tuple[tuple[int, int, int] | None, ...]


def stamp(names: tuple[str, ...]) -> Stamp:
    """What tells whether files are still the same."""
    found: list[tuple[int, int, int] | None] = []
    for name in names:
        try:
            status = os.stat(name)
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        except OSError:
            found.append(None)
    return tuple(found)


#: openssl_options in force when the option says nothing else
DEFAULT_OPTIONS = "+no_sslv2 +no_sslv3 +no_ticket +no_renegotiation"
#: names of the manual that mean nothing to this library: its versions no longer have the weakness or the work-around
_NOTHING = frozenset(
    (
        "ephemeral_rsa",
        "microsoft_big_sslv3_buffer",
        "microsoft_sess_id_bug",
        "msie_sslv2_rsa_padding",
        "netscape_challenge_bug",
        "netscape_reuse_cipher_change_bug",
        "no_sslv2",
        "single_dh_use",
        "single_ecdh_use",
        "ssleay_080_client_dh_bug",
        "sslref2_reuse_cert_type_bug",
        "tls_block_padding_bug",
        "tls_d5_bug",
    )
)
_OLD_VERSIONS = ("no_tlsv1", "no_tlsv1_1")


def read_options(text: str) -> tuple[int, int]:
    """`openssl_options`: the bits to set and to clear. Raises TlsConfigError for a name nobody knows."""
    ffi, lib = binding()
    found = ffi.new("uint64_t *")
    set_bits = clear_bits = 0
    for one in (*(f"+{name}" for name in _OLD_VERSIONS), *DEFAULT_OPTIONS.split(), *text.split()):
        sign, name = one[0], one[1:].lower()
        if sign not in "+-":
            raise TlsConfigError(f"malformed openssl option setting: + or - expected but found {one}")
        if name in _NOTHING:
            continue
        if not lib.tls_option(name.encode("latin-1"), found):
            raise TlsConfigError(f'openssl option setting unrecognised: "{one}"')
        bits = int(found[0])
        if sign == "+":
            set_bits, clear_bits = set_bits | bits, clear_bits & ~bits
        else:
            set_bits, clear_bits = set_bits & ~bits, clear_bits | bits
    return set_bits, clear_bits
