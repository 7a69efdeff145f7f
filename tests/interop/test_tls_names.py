"""The names of servers in their certificates, claim by claim, and what a required status has to do with them: our daemon
and an installed Exim as clients of the same server (manual 30.4, 43.10)."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eximia.tls.binding import is_built
from interop.tls_names_driver import ADDRESS, CASES, KINDS, zone
from oracle.namespace import run_inside
from support_rows import open_folder

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not is_built() or any(shutil.which(name) is None for name in ("exim4", "unshare", "ip")),
    reason="needs root, exim4, unshare, ip and the OpenSSL binding",
)
DRIVER = str(Path(__file__).with_name("tls_names_driver.py"))
#: of the cases: those whose certificate names the host. Both fields count, the subject when there is no other name for a
#: host; a wildcard is the whole first label of a name with three or more, and stands for one label; a host without a
#: name is named by its address; behind aliases it is the first name that counts, behind an MX record the host's.
NAMED = ["alternative", "letters", "wildcard", "subject", "subjectwildcard", "subjectmail", "address", "alias", "mx"]
NAMED += ["expired", "stranger"]
#: cases where more is wrong with the certificate than its name
BAD = ("expired", "stranger", "both")


@pytest.fixture(scope="module")
def logs() -> Iterator[dict[str, str]]:
    """The main logs of both clients."""
    with open_folder() as folder:
        done = run_inside(folder, zone(), [sys.executable, DRIVER, str(folder)])
        assert done.returncode == 0, done.stderr.decode("latin-1")[-3000:]
        yield json.loads(done.stdout)


def verdict(log: str, kind: str, name: str) -> str:
    """`yes` or `no` (CV=) for a message that went out, `kept` for one that did not."""
    found = re.search(rf" (=>|==|\*\*) {kind}@{name}\.test .*", log)
    assert found is not None, log
    if found[1] != "=>":
        assert found[1] == "=="
        assert "TLS session: " in found[0]
        return "kept"
    shown = re.search(r" CV=(\w+)", found[0])
    assert shown is not None, found[0]
    return shown[1]


def expected(kind: str, name: str) -> str:
    """By the documentation."""
    good = name not in BAD and (name in NAMED or kind == "unnamed")
    if good:
        return "yes"
    # with a proof required, and nothing wrong but the name or the dates: the proof counts
    return "no" if kind == "try" or (kind == "ocsp" and name != "stranger") else "kept"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_the_message(logs: dict[str, str], name: str, kind: str) -> None:
    assert verdict(logs["ours"], kind, name) == expected(kind, name)


@pytest.mark.parametrize("kind", KINDS)
def test_an_installed_exim_does_the_same(logs: dict[str, str], kind: str) -> None:
    theirs = {name: verdict(logs["exim"], kind, name) for name in CASES}
    ours = {name: verdict(logs["ours"], kind, name) for name in CASES}
    if kind == "ocsp":
        # GnuTLS believes whoever the certificate itself names as its issuer
        assert (ours.pop("stranger"), theirs.pop("stranger")) == ("kept", "no")
    assert ours == theirs


@pytest.mark.parametrize("name", [name for name in CASES if name not in (*NAMED, *BAD)])
def test_the_log_says_whose_certificate_it_was(logs: dict[str, str], name: str) -> None:
    host, subject, _ = CASES[name]
    address = ADDRESS[name]
    line = f'[{address}] SSL verify error: certificate name mismatch: DN="/CN={subject}" H="{host}"'
    found = re.findall(rf"^\S+ \S+ (\S+) {re.escape(line.replace('IP', address))}$", logs["ours"], re.MULTILINE)
    # one for each message that had to find a good certificate
    assert len(found) == 2
    for kind in ("require", "ocsprequire"):
        assert re.search(rf" ({'|'.join(found)}) == {kind}@{name}\.test ", logs["ours"])
