"""`authres_parse`: RFC 8601."""

from __future__ import annotations

from conformance.case import Case, differs
from eximia.mailauth.authres import AuthResError
from eximia.mailauth.authres import parse as parse_field


def parse(case: Case) -> list[str]:
    expect = case.expect
    try:
        parsed = parse_field(str(case.inputs["header"]), relaxed=bool(case.inputs.get("relaxed")))
    except AuthResError as error:
        return [] if expect.get("error") else [f"refused: {error}"]
    if expect.get("error"):
        return [f"expected an error, got {parsed}"]
    wrong: list[str] = []
    if "authserv_id" in expect:
        wrong += differs("authserv_id", expect["authserv_id"], parsed.authserv_id)
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
                wrong += differs(f"{place}.{name}", wanted[name], getattr(got, name))
        for name, value in (wanted.get("properties") or {}).items():
            wrong += differs(f"{place}.{name}", value, got.properties.get(name.lower()))
    return wrong


def _version(text: object) -> int:
    """Where no version is written, it is 1."""
    return 1 if text is None else int(str(text))
