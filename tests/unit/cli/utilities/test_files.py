import fcntl
import os
from pathlib import Path

import pytest

from eximia.cli.utilities import dbmbuild, lock

Output = pytest.CaptureFixture[bytes]


def test_dbm_entries() -> None:
    text = 'a: b c\n   cont\nB: x\nA: dup\n# comment\n\n"quoted key" : "val" y\nplain  z\n'
    entries, duplicates = dbmbuild.collect(text, set())
    assert entries == {"a": "b c cont", "b": "x", "quoted key": '"val" y', "plain": "z"}
    assert duplicates == ["a"]
    assert dbmbuild.collect(text, {"-nolc"})[0]["A"] == "dup"
    assert dbmbuild.collect(text, {"-lastdup"})[0]["a"] == "dup"


def test_dbm_file(tmp_path: Path, capfdbinary: Output) -> None:
    pytest.importorskip("dbm.ndbm")
    from dbm import ndbm

    (tmp_path / "source").write_text("k: v\nK: w\n")
    assert dbmbuild.command([str(tmp_path / "source"), str(tmp_path / "out.db")]) == 1
    out = capfdbinary.readouterr()
    assert out.out == b"1 entry written\n1 duplicate key \n"
    assert out.err == b'** Duplicate key "k"\n'
    with ndbm.open(str(tmp_path / "out"), "r") as database:
        assert database[b"k\0"] == b"v\0"
    assert sorted(os.listdir(tmp_path)) == ["out.db", "source"]
    # what root builds the mail user must be able to read
    assert (tmp_path / "out.db").stat().st_mode & 0o777 == 0o666 & ~_umask() & 0o644


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def test_dbm_source_is_not_overwritten(tmp_path: Path, capfdbinary: Output) -> None:
    source = tmp_path / "aliases"
    source.write_text("k: v\n")
    assert dbmbuild.command([str(source), str(source)]) == 1
    assert capfdbinary.readouterr().out == b"exim_dbmbuild: input and output filenames are the same\n"
    assert source.read_text() == "k: v\n"


def test_dbm_stray_continuation(tmp_path: Path, capfdbinary: Output) -> None:
    (tmp_path / "source").write_text("# comment\n\n  lost: x\nk: v\nl: w\n")
    assert dbmbuild.command([str(tmp_path / "source"), str(tmp_path / "out.db")]) == 0
    assert capfdbinary.readouterr().out == (b"Unexpected continuation line ignored\n  lost: x\n\n2 entries written\n")


def test_lock_options() -> None:
    request = lock.read_options(["-q", "-retries", "2", "box", "ls"])
    assert request is not None
    assert (request.lockfile, request.fcntl, request.quiet, request.retries) == (True, True, True, 2)
    mbx = lock.read_options(["-mbx", "box"])
    assert mbx is not None
    assert (mbx.lockfile, mbx.fcntl) == (False, True)
    assert lock.read_options(["-x", "box"]) is None
    assert lock.read_options([]) is None


def test_lock_and_run(tmp_path: Path, capfdbinary: Output) -> None:
    box = tmp_path / "box"
    box.write_text("mail\n")
    assert lock.command([str(box), f"ls {tmp_path}; exit 3"]) == 0
    text = capfdbinary.readouterr().out.decode()
    assert text == (
        "exim_lock: lock file successfully created\nexim_lock: fcntl() lock successfully applied\n"
        f"exim_lock: locking {box} succeeded: running the command ...\nbox\nbox.lock\n"
        f"exim_lock: warning: nonzero status 3\nexim_lock: {box} closed\nexim_lock: lock file removed\n"
    )
    assert os.listdir(tmp_path) == ["box"]


def test_lock_fails_when_locked(tmp_path: Path, capfdbinary: Output) -> None:
    box = tmp_path / "box"
    box.write_text("")
    (tmp_path / "box.lock").write_text("")
    assert lock.command(["-retries", "1", "-lockfile", str(box), "true"]) == 1
    assert b"failed to link hitching post to lock file\nexim_lock: locking failed too many times\n" in (
        capfdbinary.readouterr().out
    )
    os.utime(tmp_path / "box.lock", (1, 1))
    assert lock.command(["-lockfile", str(box), "true"]) == 0
    with open(box, "r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert lock.command(["-retries", "1", "-flock", str(box), "true"]) == 1
