"""A configuration that cannot be used is told of in the panic log, whatever is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eximia.base.template import Template
from eximia.config.main import MainOptions
from eximia.daemon.invocation import Invocation
from eximia.daemon.wiring import note_unusable


@pytest.mark.parametrize("selectors, ports", [("+millisec", "25"), ("+bogus", "25"), ("", "x")])
def test_it_is_in_the_panic_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, selectors: str, ports: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    main = MainOptions(spool_directory=Template(str(tmp_path)), log_selector=selectors, log_ports=Template(ports))  # type: ignore[arg-type]
    (tmp_path / "log").mkdir()
    note_unusable(Invocation(), main, "Exim configuration error:\n  something")
    assert "Exim configuration error:\n  something" in (tmp_path / "log" / "paniclog").read_text()
