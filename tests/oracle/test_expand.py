"""Thousands of strings given to an installed Exim (`exim4 -be`) and to ourselves: text, failure and message must agree.

The differences that are meant are told in docs/compat/expansions.md; `MEANT` recognises them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from eximia.base.errors import ExpansionError
from eximia.context import Context
from eximia.expand import compile_text
from expand.test_cases import cases
from expand.world import context
from oracle.expand_strings import Strings

EXIM = shutil.which("exim4")
pytestmark = pytest.mark.skipif(EXIM is None, reason="exim4 is not installed")

CONFIGURATION = """\
primary_hostname = mail.test.example
log_file_path = {0}/%slog
spool_directory = {0}/spool
keep_environment =
domainlist local_domains = a.example : b.example
hostlist rel = 1.2.3.4 : 5.6.7.8
"""
MARK = "@=mark=@"

#: (what our answer or the string shows, in the order of docs/compat/expansions.md)
MEANT = (
    re.compile(r"\\0|\\x00|\\400|\\x(?![0-9a-fA-F])"),
    re.compile(r"\b(lti|lei|gti|gei)\b"),
    re.compile(r"hash.*(\{0\}|_0|_:)|nh_:"),
    re.compile(r"quantifier does not follow|parenthesis|missing terminating"),
    re.compile(r"for(any|all)(_jsons?)?\b"),
    re.compile(r"extract +jsons? "),
    re.compile(r"\bunknown lookup type|\bheaderwrap|dlfunc"),
    re.compile(r"2147483648|ipv6norm:[0:]+\}"),
    re.compile(r"\$\{sg\{|authresults"),
)


def exim(path: Path, texts: Sequence[str]) -> Iterator[str]:
    """Exim's answers; a string that makes it crash has none."""
    assert EXIM is not None
    for start in range(0, len(texts), 100):
        chunk = texts[start : start + 100]
        words = [word for text in chunk for word in (text.encode("latin-1"), f"\\N{MARK}\\N".encode())]
        done = subprocess.run([EXIM, "-C", str(path), "-be", *words], capture_output=True, check=False)
        answers = done.stdout.decode("latin-1").split(f"{MARK}\n")
        if len(answers) != len(chunk) + 1:
            for text in chunk:
                alone = subprocess.run(
                    [EXIM, "-C", str(path), "-be", text.encode("latin-1")],
                    capture_output=True,
                    check=False,
                )
                yield alone.stdout.decode("latin-1").removesuffix("\n") if alone.returncode == 0 else ""
            continue
        for answer in answers[:-1]:
            yield answer.removesuffix("\n")


def ours(ctx: Context, text: str) -> str:
    ctx.scope.value = None
    ctx.scope.numeric = ()
    try:
        return str(compile_text(text)(ctx))
    except ExpansionError as failure:
        return f"Failed: {failure.message}"


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    path = tmp_path / "exim.conf"
    path.write_text(CONFIGURATION.format(tmp_path))
    return path


def compare(path: Path, texts: Sequence[str]) -> list[tuple[str, str, str]]:
    ctx = context()
    ctx.message.sender_address = "root@mail.test.example"
    found = []
    for text, theirs in zip(texts, exim(path, texts), strict=True):
        mine = ours(ctx, text)
        if theirs != mine and theirs and not any(each.search(text) or each.search(mine) for each in MEANT):
            found.append((text, theirs, mine))
    return found


def usable(text: str) -> bool:
    """An argument that Exim takes for a string (not an option, a macro, or an address that is too long)."""
    return len(text) < 250 and text[:1] not in ("", "-") and "$value" not in text and not re.match(r"[A-Z]\w* *=", text)


@pytest.mark.parametrize("seed", range(4))
def test_random_strings(configuration: Path, seed: int) -> None:
    source = Strings(seed)
    texts = [text for text in (source.one() for _ in range(1200)) if usable(text)]
    differences = compare(configuration, texts)
    assert len(differences) * 200 < len(texts), differences


def test_cases(configuration: Path) -> None:
    """What the `.cases` files say is what Exim says."""
    unknown = re.compile(r"srs|prvs|tls_in_peer|match_|\$acl_|\$message|\$sender|/tmp|sender_ident|value")
    texts = [text for text, _, _ in cases() if usable(text) and not unknown.search(text)]
    differences = compare(configuration, texts)
    assert len(differences) * 200 < len(texts), differences
