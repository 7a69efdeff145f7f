"""The reference of options is what the declarations say."""

from __future__ import annotations

from eximia.daemon.reference import reference


def test_rows() -> None:
    lines = list(reference())
    assert "| `auto_thaw` | time | `0s` | Frozen messages are tried again after this time; zero: never. |" in lines
    assert any(
        line.startswith("| `hosts_proxy` |") and line.endswith("Old name: `proxy_required_hosts`. |") for line in lines
    )
    assert lines.index("\n### redirect\n") > lines.index("\n## Routers\n\n### Generic options of routers\n")
