"""`authres_parse`: RFC 8601."""

from __future__ import annotations

from conformance.case import Case, differs, text
from eximia.mailauth.authres import AuthResError
from eximia.mailauth.authres import parse as parse_field


def parse(case: Case) -> list[str]:
    expect = case.expect
    relaxed = case.inputs.get("relaxed")
    try:
        # A case that says that it is not relaxed asks for the grammar to the letter.
        parsed = parse_field(text(case.inputs["header"]), relaxed=bool(relaxed), strict=relaxed is False)
    except AuthResError as error:
        return [] if expect.get("error") else [f"refused: {error}"]
    if expect.get("error"):
        return [f"expected an error, got {parsed}"]
    wrong: list[str] = []
    if "authserv_id" in expect:
        wrong += differs("authserv_id", _text(expect["authserv_id"]), parsed.authserv_id)
    if "version" in expect:
        wrong += differs("version", _version(expect["version"]), parsed.version)
    if "count" in expect:
        wrong += differs("count", expect["count"], len(parsed.results))
    for place, wanted in enumerate(expect.get("results") or []):
        if place >= len(parsed.results):
            return [*wrong, f"only {len(parsed.results)} results"]
        got = parsed.results[place]
        if "method_version" in wanted:
            wrong += differs(f"{place}.method_version", _version(wanted["method_version"]), got.method_version)
        for name in ("method", "result", "reason"):
            if name in wanted:
                wrong += differs(f"{place}.{name}", _text(wanted[name]), getattr(got, name) or "")
        for name, value in (wanted.get("properties") or {}).items():
            found = got.properties.get(name.lower())
            wrong += differs(f"{place}.{name}", None if value is None else _text(value), found)
    return wrong


def _version(written: object) -> int:
    """Where no version is written, it is 1."""
    return 1 if written is None else int(str(written))


def _text(wanted: object) -> str | list[str]:
    return [text(each) for each in wanted] if isinstance(wanted, list) else text(wanted)
