"""`-bP` in its forms (manual 5.2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from eximia.cli.show_options import DeniedError, show
from eximia.config.files import Trust
from eximia.config.site import Site
from eximia.daemon.loading import Configuration, load

TEXT = """
spool_directory = /spool
keep_environment =
FOO = bar
hide queue_only
auto_thaw = 90m
hide auto_thaw_x = 1
domainlist a = b :  c
hide hostlist a = x
begin acl
first:
  accept   hosts = a \\
     : "b  c"
begin routers
M2 = z
r:
  driver = redirect
  hide data = x
s:
  driver = redirect
  data = y
begin retry
* *   F,1h,5m
"""


@pytest.fixture(name="configuration")
def _configuration(tmp_path: Path) -> Configuration:
    path = tmp_path / "exim.conf"
    path.write_text(TEXT.replace("hide auto_thaw_x = 1\n", ""))
    return load(Site(), paths=[str(path)], trust=Trust(anybody=True))


def ask(configuration: Configuration, *words: str, admin: bool = True, labels: bool = True) -> tuple[int, str]:
    out: list[str] = []
    status = show(configuration, words, out.append, admin=admin, no_labels=not labels)
    return status, "".join(out).replace(configuration.path, "PATH")


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        ("auto_thaw", 0, "auto_thaw = 1h30m\n"),
        ("queue_only nosuch", 1, "queue_only\nnosuch is not a known option\n"),
        ("nosuch queue_only", 0, "nosuch is not a known option\nqueue_only\n"),
        ("daemon_smtp_port never_users errors_copy", 0, "daemon_smtp_port = smtp\nnever_users =\nerrors_copy = \n"),
        ("+a", 0, "domainlist a = b :  c\nhostlist a = x\n"),
        ("+b", 1, 'no address, domain, host, or local part list called "b" exists\n'),
        ("router_list config_file", 0, "r\ns\nPATH\n"),
        ("router x", 1, "router x not found\n"),
        ("router", 1, "router is not a known option\n"),
        ("macro FOO macro BAR", 1, "FOO=bar\nmacro BAR not found\n"),
    ],
)
def test_words(configuration: Configuration, words: str, status: int, text: str) -> None:
    assert ask(configuration, *words.split()) == (status, text)


def test_without_labels(configuration: Configuration) -> None:
    assert ask(configuration, "auto_thaw", "queue_only", "+a", "macro", "FOO", labels=False) == (
        0,
        "1h30m\nqueue_only\nb :  c\nx\nbar\n",
    )


def test_what_is_hidden_from_others(configuration: Configuration) -> None:
    hidden = "<value not displayable>"
    text = ask(configuration, "queue_only", "auto_thaw", "+a", admin=False)[1]
    assert text == f"queue_only = {hidden}\nauto_thaw = 1h30m\ndomainlist a = b :  c\nhostlist a = {hidden}\n"
    # hiding an option hides it in every instance of the driver
    assert f"\ndata = {hidden}\n" in ask(configuration, "router", "s", admin=False)[1]
    assert "\ndata = y\n" in ask(configuration, "router", "s")[1]
    with pytest.raises(DeniedError):
        ask(configuration, "macros", admin=False)


def test_generic_options_come_first(configuration: Configuration) -> None:
    lines = ask(configuration, "routers")[1].split("\n")
    assert lines[:3] == ["", "r router:", "address_data = "]
    assert lines.index("verify_sender") < lines.index("no_allow_defer")


def test_the_configuration_as_it_was_parsed(configuration: Configuration) -> None:
    assert ask(configuration, "config")[1] == (
        '# Exim Configuration (4.99)\n# 1 "PATH"\nspool_directory = /spool\nkeep_environment =\nFOO = bar\n'
        "hide queue_only\nauto_thaw = 90m\ndomainlist a = b : c\nhide hostlist a = x\n\nbegin acl\n\n  first:\n"
        '    accept hosts = a : "b  c"\n\nbegin routers\n  M2 = z\n\n  r:\n    driver = redirect\n    hide data = x\n\n'
        "  s:\n    driver = redirect\n    data = y\n\nbegin retry\n  * * F,1h,5m\n"
    )
