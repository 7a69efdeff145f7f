"""Which way of finding policies the configuration asks for, and what it changes."""

from pathlib import Path

import pytest

from eximia.acl import phases
from eximia.base.text import Untainted
from eximia.message.header import Header
from support_acl import World


@pytest.mark.parametrize("listed, status", [(None, "reject"), ("ex\n", "reject"), ("ex\nhosting.ex\n", "norecord")])
def test_a_list_of_public_suffixes(tmp_path: Path, listed: str | None, status: str) -> None:
    options = {}
    if listed is not None:
        (tmp_path / "list").write_text(listed)
        options["dmarc_tld_file"] = Untainted(str(tmp_path / "list"))
    world = World(tmp_path, **options)
    world.resolver.add("_dmarc.hosting.ex", "TXT", "v=DMARC1; p=reject")
    world.message.headers.append(Header("From: a@user.hosting.ex\n"))
    world.define("a:\n warn dmarc_status = accept\n accept logwrite = $dmarc_status\n")
    world.run(phases.DATA)
    assert [text for log, text in world.log.written if log == "main"][-1].endswith(status)
