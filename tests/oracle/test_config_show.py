"""`-bP` prints what Exim prints, over Debian's configurations, the manual's default one, and some of our own."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from eximia.config.main import MainOptions
from eximia.daemon.features import FEATURES, present
from eximia.routers.options.catalogue import ROUTER_OPTIONS
from eximia.transports.options.catalogue import TRANSPORT_OPTIONS

from .config_oracle import exim, exim_error, needs_exim, our_error, ours

HERE = Path(__file__).with_name("configurations")
EXAMPLE = Path("/usr/share/doc/exim4-base/examples/example.conf")
DEBIAN = Path("/etc/exim4")
TYPES = ("internet", "smarthost", "satellite", "local", "none")

#: options that Exim 4.96 as Debian builds it does not have, or that name the program itself
OURS = re.compile(
    r"(no_)?(acl_smtp_atrn|acl_smtp_wellknown|arc_sign|bmi_\w+|dcc\w+|disable_fsync|dk_\w+|dmarc_\w+|exim_version|"
    r"gnutls_compat_mode|hosts_xclient|ibase_servers|limits_advertise_hosts|log_ports|message_id_format|"
    r"oracle_servers|panic_coredump|redis_servers|sieve_inbox|srs\w*|tls_early_banner_hosts|tpda_\w+|"
    r"translate_ip_address|use_classresources|wellknown_advertise_hosts)( =.*)?$"
)
#: what only Exim prints: the inside of an expandable boolean, and an alias as if it were an option
THEIRS = re.compile(r"(\*expand_maildir_use_size_file =.*|server_param =.*|exim_version =.*)$")


OWN = {
    name
    for options in (
        MainOptions,
        *(family.get(driver) for family in (ROUTER_OPTIONS, TRANSPORT_OPTIONS) for driver in family),
    )
    for name, one in options.declared.items()
    if one.own
}


def without(pattern: re.Pattern[str], text: str) -> list[str]:
    return [
        line
        for line in text.split("\n")
        if not pattern.match(line) and line.partition(" ")[0].removeprefix("no_") not in OWN
    ]


def debian(kind: str, folder: Path) -> Path:
    """The configuration that Debian generates for one of its five types."""
    tool = shutil.which("update-exim4.conf")
    if tool is None or not DEBIAN.exists():
        pytest.skip("Debian's exim4-config is not installed")
    source = folder / "source"
    shutil.copytree(DEBIAN, source)
    answers = source / "update-exim4.conf.conf"
    text = answers.read_text()
    given = {
        "dc_eximconfig_configtype": kind,
        "dc_smarthost": "smart.example.com::587",
        "dc_relay_nets": "10.0.0.0/8",
        "dc_readhost": "mail.example.com",
        "dc_hide_mailname": "true",
    }
    for name, value in given.items():
        text = re.sub(rf"^{name}=.*$", f"{name}='{value}'", text, flags=re.MULTILINE)
    answers.write_text(text)
    path = folder / f"{kind}.conf"
    subprocess.run([tool, "-d", str(source), "-o", str(path)], check=True, capture_output=True)
    return path


@pytest.fixture(name="path", params=[*sorted(one.name for one in HERE.iterdir()), "example.conf", *TYPES])
def _path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    name = request.param
    if name in TYPES:
        yield debian(name, tmp_path)
    elif name == "example.conf":
        if not EXAMPLE.exists():
            pytest.skip("the manual's default configuration is not installed")
        path = tmp_path / name
        path.write_text(EXAMPLE.read_text())
        yield path
    else:
        path = tmp_path / name
        path.write_text((HERE / name).read_text())
        yield path


@needs_exim
def test_it_loads(path: Path) -> None:
    assert our_error(path) == exim_error(path) == ""


@needs_exim
@pytest.mark.parametrize("words", ["", "routers", "transports", "authenticators", "router_list", "transport_list"])
def test_options(path: Path, words: str) -> None:
    _, theirs, _ = exim(path, "-bP", *words.split())
    _, mine = ours(path, *words.split())
    if path.name == "example.conf":  # it asks which TLS library there is, and what that can do
        depends = re.compile(r"^(tls_\w+|hosts_require_tls) =.*\n", re.MULTILINE)
        theirs, mine = depends.sub("", theirs), depends.sub("", mine)
    assert without(OURS, mine) == without(OURS, "\n".join(without(THEIRS, theirs)))


@needs_exim
@pytest.mark.parametrize(
    "words", ["config", "config_file", "+local_domains", "+nosuch", "nosuch queue_only", "macro FOO"]
)
def test_the_rest(path: Path, words: str) -> None:
    if path.name == "example.conf" and words == "config":
        pytest.skip("asks which TLS library there is")
    status, theirs, _ = exim(path, "-bP", *words.split())
    mine = ours(path, *words.split())
    assert (mine[0], mine[1].replace("(4.99)", "(4.96)")) == (status, theirs)


@needs_exim
@pytest.mark.parametrize(
    "words", ["never_users auto_thaw queue_only nosuch", "+a", "macro FOO", "router_list", "router r1"]
)
def test_without_labels(words: str) -> None:
    path = HERE / "drivers-set.conf"
    status, theirs, _ = exim(path, "-n", "-bP", *words.split())
    mine = ours(path, *words.split(), labels=False)
    if words.startswith("router "):
        assert len(mine[1]) >= len(theirs)
    else:
        assert mine == (status, theirs)


@needs_exim
def test_every_builtin_macro_is_there() -> None:
    """But those of the other TLS library, of what is not offered, and of features that are not there."""
    path = HERE / "main.conf"
    theirs = {line for line in exim(path, "-bP", "macros")[1].split("\n") if line.startswith("_")}
    mine = set(ours(path, "macros")[1].split("\n"))
    absent = [one for one in FEATURES if not present(one)]
    missing = theirs - mine - {f"_HAVE_{name}=y" for one in absent for name in one.macros.split()}
    for one in absent:
        missing -= {line for line in missing for word in _CONDITIONS.get(one.word, ()) if line == f"_ACL_COND_{word}=y"}
    assert not {line for line in missing if not _NOT_OFFERED.match(line)}


_NOT_OFFERED = re.compile(r"_HAVE_(DLFUNC|GNUTLS|LOOKUP_NIS|TCP_FASTOPEN|TLS_CA_CACHE)=")
#: the ACL conditions that come with a feature
_CONDITIONS = {
    "Content_Scanning": ("MALWARE", "SPAM"),
    "DKIM": ("DKIM_SIGNERS", "DKIM_STATUS"),
    "SPF": ("SPF", "SPF_GUESS"),
}
