"""`srs_forward` and `srs_reverse`: the schemes of Mail::SRS (`srs`) and of the string language (`exim`)."""

from __future__ import annotations

from typing import Any

from conformance.case import Case, differs, text
from eximia.mailauth.srs import Srs, SrsError
from eximia.message.address import unquote_local_part
from eximia.message.srs import AddressSyntaxError, decode, encode

#: what Mail::SRS calls our settings
_OPTIONS = {
    "Separator": "separator",
    "HashLength": "hash_length",
    "HashMin": "hash_min",
    "MaxAge": "max_age",
    "AlwaysRewrite": "always_rewrite",
    "AllowUnsafeSrs": "allow_unsafe",
}


def _settings(case: Case) -> Srs:
    options: dict[str, Any] = {}
    given = case.inputs.get("options") or {}
    for name, value in given.items():
        # To Perl zero and the empty text are as nothing; names that Mail::SRS does not know have no meaning.
        if name in _OPTIONS and value not in (None, "", 0, "0", False):
            options[_OPTIONS[name]] = str(value) if name == "Separator" else int(value)
    if given.get("IgnoreTimestamp") not in (None, "", 0, "0", False):
        options["max_age"] = 1024
    kind = str(case.inputs.get("class") or "Guarded").rpartition("::")[2].lower()
    return Srs(_secrets(case), kind=kind, **options)


def _secrets(case: Case) -> tuple[str, ...]:
    given = case.inputs.get("secrets") or ()
    return tuple(map(text, [given] if isinstance(given, str) else given))


def _compare(case: Case, made: str | None, why: str = "") -> list[str]:
    expected = case.expect.get("address")
    if made is None:
        return [] if expected is None else [f"refused: {why}"]
    if expected is None:
        return [f"expected an error, got {made!r}"]
    return differs("address", [text(each) for each in ([expected] if isinstance(expected, str) else expected)], made)


def forward(case: Case) -> list[str]:
    inputs = case.inputs
    address, now = text(inputs.get("address")), int(inputs.get("now") or 0)
    alias = text(inputs.get("alias"))
    try:
        if inputs.get("scheme") == "exim":
            return _compare(case, encode(_secrets(case)[0], address, alias.rpartition("@")[2], now))
        return _compare(case, _settings(case).forward(address, alias, now))
    except (SrsError, AddressSyntaxError) as error:
        return _compare(case, None, str(error))


def reverse(case: Case) -> list[str]:
    inputs = case.inputs
    address, now = text(inputs.get("address")), int(inputs.get("now") or 0)
    if inputs.get("scheme") == "exim":
        # As $local_part has it, which is without quotes.
        local_part = unquote_local_part(address.rpartition("@")[0] if "@" in address else address)
        found = (decode(local_part, secret, now) for secret in _secrets(case))
        return _compare(case, next((each for each in found if each is not None), None), "no secret fits")
    try:
        return _compare(case, _settings(case).reverse(address, now))
    except SrsError as error:
        return _compare(case, None, str(error))
