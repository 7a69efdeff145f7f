"""The site file: who may own it, what it may say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eximia.base.errors import ConfigError
from eximia.config.site import Site, load


def write(folder: Path, text: str, mode: int = 0o644) -> dict[str, str]:
    path = folder / "site.toml"
    path.write_text(text)
    path.chmod(mode)
    return {"EXIMIA_SITE": str(path)}


def test_settings(tmp_path: Path) -> None:
    site = load(
        write(
            tmp_path,
            'user = "root"\nconfigure_owner = "0"\nconfiguration = ["/a", "/b"]\ntrusted_macros = "any"\n'
            'trusted_configurations = ["/c/", "/d"]\nnever_users = ["root", "3"]\nspool_directory = "/s"\n',
        )
    )
    assert (site.uid, site.user, site.configure_owner) == (0, "root", 0)
    assert site.configuration == ("/a", "/b")
    assert site.never_users == (0, 3)
    assert site.spool_directory == "/s"


def test_trust() -> None:
    site = Site(configuration=("/a",), trusted_configurations=("/c/", "/d"), trusted_macros=("X",))
    assert [site.trusts_configuration(path) for path in ("/a", "/c/x", "/d", "/c/../e", "/d/x")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert [site.trusts_macro(*one) for one in (("X", "a/b"), ("X", "a b"), ("Y", "a"))] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("usr = 3", "unknown setting usr - did you mean"),
        ("user = 3", "user must be a str"),
        ('user = "no.such"', "there is no user no.such"),
        ("configuration = [1]", "configuration must be a text or a list of texts"),
        ("user =", "Invalid value"),
    ],
)
def test_errors(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(write(tmp_path, text))


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="writable by nobody else"):
        load(write(tmp_path, "", mode))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    environ = write(tmp_path, "")
    os.chown(environ["EXIMIA_SITE"], 1, 1)
    with pytest.raises(ConfigError, match="must belong to root"):
        load(environ)
