"""The vendor's client library through ctypes. It is loaded when a message is first to be judged, never before.

The calls and their order are in docs/scanning.md. A library blocks, so that all calls are made in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from eximia.base.text import to_bytes
from eximia.context import Context
from eximia.scan.mbox import whole_message
from eximia.scan.servers import ScanError

from .verdicts import ALTERNATE, DEFAULT, DISCARD, Verdict

if TYPE_CHECKING:
    from ctypes import CDLL

_DEFAULT = "libbmiclient_single.so"
_CHUNK = 1 << 15
_POINTERS = (
    "bmiAccessFirstVerdict", "bmiAccessNextVerdict", "bmiVerdictAccessFirstRecipient",
    "bmiVerdictAccessNextRecipient",
)  # fmt: skip
_TEXTS = ("bmiRecipientAccessAddress", "bmiVerdictAccessDestination")
#: (recipient, opt-in list)
_Recipients = Sequence[tuple[bytes, bytes]]


def judge(ctx: Context, path: str) -> list[str]:
    """An engine; `path` is the library's. Raises ScanError."""
    session, message = ctx.session, ctx.message
    library = _library(ctx, path)
    return ctx.process.ports.blocking(
        _scan,
        library,
        to_bytes(ctx.process.main.bmi_config_file),
        to_bytes(session.sender_host_address or "127.0.0.1"),
        to_bytes(message.sender_address),
        [(to_bytes(each.address), to_bytes(each.bmi_optin)) for each in message.recipients],
        whole_message(ctx),
    )


def read_verdicts(ctx: Context, texts: Sequence[str], rules: Sequence[str]) -> list[Verdict]:
    """What the texts that `judge` returned say. Raises ScanError."""
    name, _, path = str(ctx.process.main.bmi_engine).strip().partition(" ")
    library = _library(ctx, path.strip() if name == "library" else "")
    numbers = [int(rule) for rule in rules if rule.isdigit()]
    return ctx.process.ports.blocking(lambda: [_read(library, text, numbers) for text in texts])


def _library(ctx: Context, path: str) -> CDLL:
    import ctypes

    path = path or _DEFAULT
    caches = ctx.process.caches.setdefault("brightmail", {})
    if path not in caches:
        try:
            library = ctypes.CDLL(path)
            for name in _POINTERS:
                getattr(library, name).restype = ctypes.c_void_p
            for name in _TEXTS:
                getattr(library, name).restype = ctypes.c_char_p
        except (OSError, AttributeError) as error:
            raise ScanError(f"cannot use {path}: {error}") from None
        caches[path] = library
    loaded: CDLL = caches[path]
    return loaded


def _call(library: Any, name: str, *arguments: Any) -> None:
    """A function that returns an error code. Raises ScanError."""
    code = getattr(library, name)(*arguments)
    if code:
        raise ScanError(f"{name} failed with error {code}")


def _scan(
    library: Any, config: bytes, client: bytes, sender: bytes, recipients: _Recipients, message: bytes
) -> list[str]:
    from ctypes import byref, c_void_p

    system = c_void_p()
    _call(library, "bmiInitSystem", b"1", config, byref(system))
    try:
        scan = c_void_p()
        _call(library, "bmiInitMessage", system, byref(scan))
        try:
            _submit(library, scan, client, sender, recipients, message)
            return _verdicts(library, scan)
        finally:
            library.bmiFreeMessage(scan)
    finally:
        library.bmiFreeSystem(system)


def _submit(library: Any, scan: Any, client: bytes, sender: bytes, recipients: _Recipients, message: bytes) -> None:
    from ctypes import byref, c_char, c_size_t, c_void_p

    _call(library, "bmiProcessConnection", client, scan)
    _call(library, "bmiProcessFROM", sender, scan)
    for address, wanted in recipients:
        optin = c_void_p()
        if wanted:
            _call(library, "bmiOptinInit", byref(optin))
            _call(library, "bmiOptinMset", optin, wanted, c_char(b":"))
        _call(library, "bmiAccumulateTO", address, optin, scan)
        if wanted:
            library.bmiOptinFree(optin)
    _call(library, "bmiEndTO", scan)
    header, _, body = message.partition(b"\n\n")
    header += b"\n"
    _call(library, "bmiAccumulateHeaders", header, c_size_t(len(header)), scan)
    _call(library, "bmiEndHeaders", scan)
    for start in range(0, len(body), _CHUNK):
        piece = body[start : start + _CHUNK]
        _call(library, "bmiAccumulateBody", piece, c_size_t(len(piece)), scan)
    _call(library, "bmiEndBody", scan)
    _call(library, "bmiEndMessage", scan)


def _verdicts(library: Any, scan: Any) -> list[str]:
    from ctypes import c_void_p

    texts = []
    verdict = library.bmiAccessFirstVerdict(scan)
    while verdict:
        text = _text(library, "bmiCreateStrFromVerdict", verdict)
        if text:
            texts.append(text)
        verdict = library.bmiAccessNextVerdict(scan, c_void_p(verdict))
    return texts


def _text(library: Any, name: str, verdict: int) -> str:
    """A string that the library makes and frees."""
    from ctypes import byref, c_char_p, c_void_p

    made = c_char_p()
    _call(library, name, c_void_p(verdict), byref(made))
    text = (made.value or b"").decode("latin-1")
    library.bmiFreeStr(made)
    return text


def _read(library: Any, text: str, rules: Sequence[int]) -> Verdict:
    from ctypes import byref, c_int, c_void_p

    verdict = c_void_p()
    _call(library, "bmiCreateVerdictFromStr", to_bytes(text), byref(verdict))
    try:
        recipients = set()
        one = library.bmiVerdictAccessFirstRecipient(verdict)
        while one:
            recipients.add((library.bmiRecipientAccessAddress(c_void_p(one)) or b"").decode("latin-1").lower())
            one = library.bmiVerdictAccessNextRecipient(verdict, c_void_p(one))
        location = ""
        action = DEFAULT
        if not library.bmiVerdictDestinationIsDefault(verdict):
            location = (library.bmiVerdictAccessDestination(verdict) or b"").decode("latin-1")
            action = ALTERNATE if location else DISCARD
        fired = frozenset(str(rule) for rule in rules if library.bmiVerdictRuleFired(verdict, c_int(rule)))
        tracker = _text(library, "bmiCreateTrackerStrFromVerdict", verdict.value or 0)
        return Verdict(text, frozenset(recipients), action, location, fired, tracker)
    finally:
        library.bmiFreeVerdict(verdict)
