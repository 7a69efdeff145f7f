"""The C of the TLS engine: under the address and undefined-behaviour sanitizers, with thousands of mutated records, and
with thousands of handshakes in the same memory. `EXIMIA_LONG_TESTS=1` makes it ten thousand of each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eximia.tls.binding import is_built
from eximia.tls.build import BuildError, build

pytestmark = pytest.mark.skipif(not is_built(), reason="the OpenSSL binding is not built")

TESTS = Path(__file__).resolve().parents[1]
COUNT = 10_000 if os.environ.get("EXIMIA_LONG_TESTS") else 2_000
SOURCE = TESTS.parent / "src"


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the engine is the checked one."""
    folder = tmp_path_factory.mktemp("sanitized")
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no gcc")
    try:
        build(folder, sanitize=True)
    except BuildError as error:
        pytest.skip(str(error))
    libraries = [
        subprocess.run(
            [compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    return {
        **os.environ,
        "PYTHONPATH": f"{folder}:{SOURCE}:{TESTS}",
        "LD_PRELOAD": ":".join(libraries),
        "PYTHONMALLOC": "malloc",
        # Python does not give everything back at its end, and neither do its libraries
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    }


def _run(environment: dict[str, str], *words: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *words], env=environment, cwd=folder, capture_output=True, text=True, timeout=1500, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def test_everything_under_sanitizers(sanitized: dict[str, str], tmp_path: Path) -> None:
    # the tests of tickets wait for time to pass: not all of them
    chosen = "not birthday and not grow_old" if COUNT < 10_000 else "test"
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, str(TESTS / "unit" / "tls"))
    output = _run(sanitized, *words, f"--basetemp={tmp_path / 'base'}", folder=TESTS.parent)
    assert " passed" in output
    assert "skipped" not in output


def test_mutants_under_sanitizers(sanitized: dict[str, str], tmp_path: Path) -> None:
    print(
        _run(sanitized, str(TESTS / "property" / "tls_abuse.py"), str(tmp_path), str(COUNT // 4), "1", folder=tmp_path)
    )


def test_mutants(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{SOURCE}:{TESTS}"}
    print(_run(environment, str(TESTS / "property" / "tls_abuse.py"), str(tmp_path), str(COUNT), "2", folder=tmp_path))


_HANDSHAKES = """
import sys
from pathlib import Path
from support_tls import HOST, Pki
from unit.tls.talk import TLS1_2, client_context, server_context
from eximia.tls.engine import Engine, Verify
pki = Pki(Path(sys.argv[1]))
contexts = [(client_context(pki), server_context(pki, "ec", options=o)) for o in ("", TLS1_2)]
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4
def once(number):
    client_in, server_in = contexts[number % 2]
    client, server = Engine(client_in, verify=Verify.REQUIRE), Engine(server_in)
    client.check_name(HOST)
    data = b""
    for turn in range(6):
        end = (client, server)[turn % 2]
        if end.done:
            end.read(data)
        else:
            end.handshake(data)
        data = end.outgoing()
    assert client.done and server.done
for number in range(1000):
    once(number)
before = resident()
for number in range(int(sys.argv[2])):
    once(number)
grown = resident() - before
print("grown by", grown, "KiB")
assert grown < 1024, grown
"""


def test_handshakes_leave_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{SOURCE}:{TESTS}"}
    print(_run(environment, "-c", _HANDSHAKES, str(tmp_path), str(COUNT), folder=tmp_path))
