"""`$spf_smtp_comment` when `spf_smtp_comment_template` is not what it should be."""

from pathlib import Path

import pytest

from eximia.base.template import Template
from support_acl import World


@pytest.mark.parametrize(
    "template, comment, logged",
    [
        ("no: %{s}", "no: s@x.ex", []),
        ("we are 100% sure", "we are 100% sure", []),
        ("${if eq{a}{b}{x}fail}", None, []),
        ("${nosuch}", None, ['expansion of spf_smtp_comment_template failed: unknown variable in "${nosuch}"']),
    ],
)
def test_template(tmp_path: Path, template: str, comment: str | None, logged: list[str]) -> None:
    world = World(tmp_path, spf_smtp_comment_template=Template(template))
    world.resolver.add("x.ex", "TXT", "v=spf1 -all")
    world.define("a:\n deny spf = fail\n message = <$spf_smtp_comment>\n")
    result = world.run()
    assert result.user_message == (f"<{comment} : Reason: mechanism>" if comment else "<>")
    assert [text for log, text in world.log.written if log == "panic"] == logged
