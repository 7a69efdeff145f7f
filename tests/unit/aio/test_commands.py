"""Commands: their streams, and what is left of one that cannot be started."""

from __future__ import annotations

import os

import pytest

from eximia.aio.commands import run_command


def run(*argv: str, stdin: bytes = b"", merge: bool = False, timeout: float = 20) -> tuple[int, bytes, bytes, bool]:
    done = run_command(argv, stdin, timeout, None, "/", 1 << 20, merge, None, -1)
    return done.status, done.output, done.errors, done.timed_out


@pytest.mark.parametrize("size", [0, 10, 300_000])
@pytest.mark.parametrize("merge", [False, True])
def test_input_and_both_outputs(size: int, merge: bool) -> None:
    data = b"x" * size
    out = b"end\n" if merge else b""
    err = b"" if merge else b"end\n"
    assert run("/bin/sh", "-c", "cat; echo end >&2", stdin=data, merge=merge) == (0, data + out, err, False)


def test_a_command_that_takes_too_long_is_ended() -> None:
    assert run("/bin/sleep", "20", timeout=0.2) == (-9, b"", b"", True)


@pytest.mark.parametrize("free", range(7))
def test_a_command_for_which_descriptors_lack_leaves_none_open(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    before = len(os.listdir("/proc/self/fd"))
    made = 0

    def pipe() -> tuple[int, int]:
        nonlocal made
        made += 1
        if made > free:
            raise OSError(24, "Too many open files")
        return os.pipe2(os.O_CLOEXEC)

    with monkeypatch.context() as patch:
        patch.setattr("os.pipe", pipe)
        done = run_command(["/bin/true"], b"", 20, None, "/", 100, False, None, -1)
    assert (done.status, done.errno) == ((0, 0) if made <= free else (127, 24))
    assert len(os.listdir("/proc/self/fd")) == before
