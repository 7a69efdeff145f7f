"""TLS contexts: certificates, keys, trust and rules that connections share (manual 43.6, 43.9, 43.11).

`ContextCache` belongs to the process. A context whose files have changed is replaced; connections that use it keep it.
"""

from __future__ import annotations

import os
from base64 import b64decode
from binascii import Error
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from eximia.base.namedtuple import NamedTuple
from eximia.base.text import Untainted

from .binding import binding, last_error
from .settings import SYSTEM, ClientSettings, ServerSettings, Settings, Stamp, TlsConfigError, read_options, stamp

if TYPE_CHECKING:
    from eximia.context import Process

#: opportunistic TLS is better than clear text: keys and digests that Debian's default forbids are taken
SECURITY_LEVEL = 1
_TLS1_0, _TLS1_3 = 0x301, 0x304
#: bytes read and written at a time
BUFFER = 131072

#: names of `tls_dhparam` -> the library's groups; primes that are not the library's are replaced by one of their size
_GROUPS = {
    "ike5": "modp_1536",
    "ike14": "modp_2048",
    "ike15": "modp_3072",
    "ike16": "modp_4096",
    "ike17": "modp_6144",
    "ike18": "modp_8192",
    "ike22": "dh_1024_160",
    "ike23": "dh_2048_224",
    "ike24": "dh_2048_256",
    "default": "ffdhe2048",
    "exim.dev.20160529.1": "ffdhe2048",
    "exim.dev.20160529.2": "ffdhe2048",
    "exim.dev.20160529.3": "ffdhe2048",
    **{name: name for name in ("ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192")},
}
#: what the log warns of; of two of them so does the panic log (RFC 8247 forbids them for IPsec)
_DEPRECATED = ("ike1", "ike2", "ike22", "ike23", "ike24")
_FORBIDDEN = ("ike1", "ike22")
#: for an empty `tls_eccurve`: groups that are no elliptic curves
_NO_CURVES = "ffdhe2048:ffdhe3072:ffdhe4096:ffdhe6144:ffdhe8192"
#: too small for any client of today
_TOO_SMALL = ("ike1", "ike2")

#: attempts to read files that others replace meanwhile: of a file with certificate and key one may be old, one new
_READINGS = 5

#: writes a line of a log
Note = Callable[[str], None]

_PEM_BEGIN, _PEM_END = b"-----BEGIN OCSP RESPONSE-----", b"-----END OCSP RESPONSE-----"


class Suite(NamedTuple):
    """Protocol and cipher, as variables show them."""

    version: Untainted
    #: `TLS1.3:TLS_AES_256_GCM_SHA384:256`
    cipher: Untainted
    standard: Untainted
    bits: int


class Context:
    """An SSL_CTX. Made from settings; raises TlsConfigError."""

    __slots__ = ("__weakref__", "buffer", "counts", "handle", "outcome", "sent", "server", "settings", "suites", "view")

    def __init__(self, settings: Settings, *, server: bool) -> None:
        ffi, lib = binding()
        self.settings = settings
        self.server = server
        handle = lib.tls_context_new(int(server), *settings.options, SECURITY_LEVEL)
        if handle == ffi.NULL:
            raise TlsConfigError(f"(SSL_CTX_new): {last_error()}")
        self.handle = ffi.gc(handle, lib.tls_context_free)
        #: where all connections read and write; nobody else looks at it between two calls
        self.buffer = ffi.new_allocator(should_clear_after_alloc=False)("unsigned char[]", BUFFER)
        self.view: Any = ffi.buffer(self.buffer)
        #: where the library tells how much that is, and what a handshake came to
        self.counts = ffi.new("size_t[3]")
        self.outcome = ffi.new("tls_outcome *")
        #: texts that connections have in common: by version and cipher, and the certificates sent, as DER
        self.suites: dict[tuple[int, int], Suite] = {}
        self.sent: dict[int, bytes] = {}
        self._call("tls_context_versions", "SSL_CTX_set_min_proto_version", _TLS1_0, _TLS1_3)
        if settings.ciphers:
            # GnuTLS writes underscores where OpenSSL wants hyphens.
            ciphers = settings.ciphers.replace("_", "-")
            self._call("tls_context_ciphers", f"SSL_CTX_set_cipher_list: {ciphers}", _text(ciphers))
        self._certificates()
        if settings.alpn:
            wire = b"".join(bytes((len(name),)) + _text(name) for name in settings.alpn)
            self._call("tls_context_alpn", "SSL_CTX_set_alpn_protos", wire, len(wire))
        self._trust()

    def _call(self, function: str, what: str, *arguments: Any) -> None:
        """Call a function of the binding that gives 1 for success. Raises TlsConfigError that names `what`."""
        if getattr(binding().lib, function)(self.handle, *arguments) != 1:
            raise TlsConfigError(f"({what}): {last_error()}")

    def _certificates(self) -> None:
        """The certificates and their keys. A key usually stands where its certificate does, but the order of the two
        lists need not be the same (manual 43.2); keys without a certificate are passed over."""
        certificates = self.settings.certificates
        keys = self.settings.keys or certificates
        if len(keys) < len(certificates):
            raise TlsConfigError("cert/key setup: out of keys")
        if not certificates:
            return
        late: list[str] = []
        for certificate, key in zip(certificates, keys, strict=False):
            self._call(
                "tls_context_certificate",
                f"SSL_CTX_use_certificate_chain_file file={certificate}",
                _text(certificate),
            )
            if binding().lib.tls_context_key(self.handle, _text(key)) != 1:
                late.append(key)
        missing = len(late)
        late += keys[len(certificates) :]
        error: TlsConfigError | None = None
        while missing and late:
            key = late.pop(0)
            try:
                self._call("tls_context_key", f"SSL_CTX_use_PrivateKey_file file={key}", _text(key))
            except TlsConfigError as trouble:
                error = error or trouble
            else:
                missing -= 1
        if missing and error is not None:
            raise error

    def _trust(self) -> None:
        trust, crl = self.settings.trust, self.settings.crl
        if not trust:
            return
        self._call("tls_context_trust_system", "SSL_CTX_set_default_verify_paths")
        if trust not in SYSTEM:
            path = _text(trust)
            if not os.path.exists(trust):
                fault = f"could not stat '{trust}' (tls_verify_certificates): No such file or directory"
                raise TlsConfigError(f"failed to stat {trust} for certificates", fault)
            if os.path.isdir(trust):
                self._call("tls_context_trust_folder", "SSL_CTX_load_verify_locations", path)
            elif os.path.getsize(trust) > 0:
                self._call("tls_context_trust_file", "SSL_CTX_load_verify_locations", path, int(self.server))
        if crl:
            if not os.path.exists(crl):
                raise TlsConfigError(f"failed to stat {crl} for certificates revocation lists")
            kind = "folder" if os.path.isdir(crl) else "file"
            self._call(f"tls_context_crl_{kind}", "X509_STORE_load_locations", _text(crl))


class ServerContext(Context):
    """For incoming connections. `note` writes a log line about what is passed over or deprecated, `warn` one for the
    panic log too."""

    __slots__ = ("labels", "settings")
    settings: ServerSettings

    def __init__(self, settings: ServerSettings, note: Note, warn: Note | None = None) -> None:
        #: what session tickets are good for, by what is asked of the client's certificate
        self.labels: dict[int, bytes] = {}
        super().__init__(settings, server=True)
        if not settings.certificates:
            self._call("tls_context_self_signed", "selfsigned cert generate", _text(settings.self_signed))
        self._dh(note, warn or note)
        if settings.curves != "auto":
            groups = settings.curves or _NO_CURVES
            self._call("tls_context_groups", f"SSL_CTX_set1_groups_list: {groups}", _text(groups))
        self._staples(note)

    def _dh(self, note: Note, warn: Note) -> None:
        """`tls_dhparam`."""
        settings = self.settings
        name = settings.dh
        if name in _DEPRECATED:
            (warn if name in _FORBIDDEN else note)(f"WARNING: deprecated Diffie-Hellman parameter '{name}' used")
        if not name:
            self._call("tls_context_dh_auto", "SSL_CTX_set_dh_auto")
        elif name.startswith("/"):
            done = binding().lib.tls_context_dh_file(self.handle, _text(name), settings.dh_most_bits)
            if done == -1:
                note(f"tls_dhparam file {name}: more than tls_dh_max_bits ({settings.dh_most_bits}); not used")
            elif done != 1:
                raise TlsConfigError(f"could not read dhparams file {name}: {last_error()}")
        elif name in _TOO_SMALL:
            note(f'tls_dhparam "{name}" is too small for any client; not used')
        elif name in _GROUPS:
            self._call("tls_context_dh_group", f"SSL_CTX_set_tmp_dh {name}", _GROUPS[name].encode())
        elif name != "none":
            raise TlsConfigError(f"(No standard prime named): {name}")

    def _staples(self, note: Note) -> None:
        ffi, lib = binding()
        why = ffi.new("char[256]")
        for each in self.settings.staples:
            try:
                with open(each.path, "rb") as file:
                    data = file.read()
                if each.pem or _PEM_BEGIN in data:
                    data = _from_pem(data)
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                note(f"OCSP response file {each.path}: {reason}; not used")
                continue
            if not lib.tls_staple(self.handle, data, len(data), why, 256):
                note(f"OCSP response file {each.path}: {ffi.string(why).decode('latin-1')}; not used")


class ClientContext(Context):
    """For outgoing connections."""

    __slots__ = ()

    def __init__(self, settings: ClientSettings) -> None:
        super().__init__(settings, server=False)


class _Kept(NamedTuple):
    """A context, the settings it was made of, and the files they name as they were then."""

    settings: Settings
    names: tuple[str, ...]
    stamp: Stamp
    context: Context


class ContextCache:
    """Contexts by their settings, remade when a file has changed: the next connection sees it. `note` and `warn`: see
    `ServerContext`."""

    __slots__ = ("_kept", "_most", "_note", "_same", "_warn")

    def __init__(self, note: Note, warn: Note | None = None, *, most: int = 256) -> None:
        self._kept: dict[Settings, _Kept] = {}
        #: the same by the identity of the settings: those of a server are usually one object
        self._same: dict[int, _Kept] = {}
        self._note = note
        self._warn = warn
        self._most = most

    def server(self, settings: ServerSettings) -> ServerContext:
        """Raises TlsConfigError."""
        found = self._current(self._same.get(id(settings)))
        if found is None:
            found = self._get(settings, lambda: ServerContext(settings, self._note, self._warn))
        assert isinstance(found, ServerContext)
        return found

    def client(self, settings: ClientSettings) -> ClientContext:
        """Raises TlsConfigError."""
        found = self._get(settings, lambda: ClientContext(settings))
        assert isinstance(found, ClientContext)
        return found

    def _current(self, kept: _Kept | None) -> Context | None:
        return kept.context if kept is not None and stamp(kept.names) == kept.stamp else None

    def _get(self, settings: Settings, make: Callable[[], Context]) -> Context:
        kept = self._kept.get(settings)
        found = self._current(kept)
        if found is not None:
            return found
        names = settings.files()
        now, context = _read(names, make)
        if kept is not None:
            del self._same[id(kept.settings)]
        elif len(self._kept) >= self._most:
            self._kept.clear()
            self._same.clear()
        # An identity is good as long as the object is there, which this sees to.
        self._kept[settings] = self._same[id(settings)] = _Kept(settings, names, now, context)
        return context


def _read(names: tuple[str, ...], make: Callable[[], Context]) -> tuple[Stamp, Context]:
    """A context of files, and what they were. What fails while they are replaced is tried again. Raises
    TlsConfigError."""
    for _ in range(_READINGS):
        before = stamp(names)
        try:
            return before, make()
        except TlsConfigError:
            if stamp(names) == before:
                raise
    return stamp(names), make()


def contexts_of(process: Process) -> ContextCache:
    """The process's contexts."""
    cache: ContextCache | None = process.caches.get("tls.contexts")
    if cache is None:
        cache = process.caches["tls.contexts"] = ContextCache(process.log.main, process.log.panic)
    return cache


def options_of(process: Process) -> tuple[int, int]:
    """`openssl_options` as bits. Raises TlsConfigError."""
    bits: tuple[int, int] | None = process.caches.get("tls.options")
    if bits is None:
        bits = process.caches["tls.options"] = read_options(str(process.main.openssl_options or ""))
    return bits


def _text(text: str) -> bytes:
    return text.encode("latin-1")


def _from_pem(data: bytes) -> bytes:
    """The first OCSP response of a PEM file. Raises ValueError."""
    _, found, rest = data.partition(_PEM_BEGIN)
    if not found:
        raise ValueError("has no OCSP RESPONSE block")
    try:
        return b64decode(b"".join(rest.partition(_PEM_END)[0].split()), validate=True)
    except Error as error:
        raise ValueError(str(error)) from None
