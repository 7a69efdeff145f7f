"""`srs_forward` and `srs_reverse`: the schemes of Mail::SRS (`srs`) and of the string language (`exim`)."""

from __future__ import annotations

from conformance.case import Case, differs
from eximia.mailauth.srs import Srs, SrsError
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


def _text(text: str) -> str:
    """Text that holds bytes."""
    return text.encode("utf-8").decode("latin-1")


def _settings(case: Case) -> Srs:
    options = {}
    for name, value in (case.inputs.get("options") or {}).items():
        if name == "IgnoreTimestamp":
            options["max_age"] = 1024 if value else 21
        elif value not in (None, ""):
            options[_OPTIONS[name]] = value if isinstance(value, str) else int(value)
    secrets = case.inputs["secrets"]
    secrets = [secrets] if isinstance(secrets, str) else secrets
    kind = str(case.inputs.get("class") or "Guarded").rpartition("::")[2].lower()
    return Srs(tuple(map(_text, secrets)), kind=kind, **options)


def _compare(case: Case, made: str | None, why: str = "") -> list[str]:
    if made is None:
        return [] if "error" in case.expect else [f"refused: {why}"]
    if "error" in case.expect:
        return [f"expected an error, got {made!r}"]
    expected = case.expect["address"]
    return differs("address", [_text(each) for each in ([expected] if isinstance(expected, str) else expected)], made)


def forward(case: Case) -> list[str]:
    inputs = case.inputs
    address, now = _text(str(inputs.get("address") or "")), int(inputs["now"])
    alias = _text(str(inputs.get("alias") or ""))
    try:
        if inputs.get("scheme") == "exim":
            return _compare(case, encode(_text(inputs["secrets"][0]), address, alias.rpartition("@")[2], now))
        return _compare(case, _settings(case).forward(address, alias, now))
    except (SrsError, AddressSyntaxError) as error:
        return _compare(case, None, str(error))


def reverse(case: Case) -> list[str]:
    inputs = case.inputs
    address, now = _text(str(inputs.get("address") or "")), int(inputs["now"])
    if inputs.get("scheme") == "exim":
        local_part = address.rpartition("@")[0] if "@" in address else address
        found = (decode(local_part, _text(secret), now) for secret in inputs["secrets"])
        return _compare(case, next((each for each in found if each is not None), None), "no secret fits")
    try:
        return _compare(case, _settings(case).reverse(address, now))
    except SrsError as error:
        return _compare(case, None, str(error))
