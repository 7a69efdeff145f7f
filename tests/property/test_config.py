"""Whatever a configuration file holds: no exception, and every error has a place in it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from eximia.cli.check import report
from eximia.config.files import Trust
from eximia.config.messages import fatal_text
from eximia.config.site import Site
from eximia.daemon.loading import examine

PIECES = [
    *(
        "begin ",
        "acl",
        "routers",
        "transports",
        "authenticators",
        "retry",
        "rewrite",
        "driver",
        "=",
        "==",
        " ",
        "\n",
        "\\",
    ),
    *("accept", "redirect", "smtp", "pipe", "appendfile", "plaintext", "FOO", "A_B", ".ifdef", ".else", ".endif", ":"),
    *(".include /dev/null", "hide ", "domainlist", "hostlist_cache", "no_", "queue_only", "auto_thaw", "3h", "5M", '"'),
    *(
        "file",
        "data",
        "transport",
        "condition",
        "set",
        "acl_m0",
        "message",
        "hosts",
        "$local_part",
        "${if",
        "}",
        "{",
        "+a",
    ),
    *(
        "* * F,1h,5m",
        "*@a b@c Ffr",
        "never_users",
        "root",
        "<;",
        ";",
        "#",
        "\t",
        "\xe9",
        "\0",
        "0x",
        "log_selector",
        "+all",
    ),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_no_text_breaks_the_reader(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "exim.conf")
        path.write_text(text, encoding="latin-1")
        configuration = examine(Site(), paths=[str(path)], trust=Trust(anybody=True))
        for error in configuration.errors:
            assert fatal_text(error)
        assert report(configuration, lambda line: None) == (1 if configuration.errors else 0)
