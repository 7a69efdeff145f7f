from pathlib import Path
from typing import Any

import pytest

from eximia.privileged import agent
from eximia.privileged.wire import WireError, pack_jobs, unpack_jobs, unpack_results


def test_bodies_travel_as_they_are() -> None:
    body = bytes(range(256)) * 3 + b"\n"
    jobs = [("a", {"x": "ä\n", "body": body}), ("b", {"body": None}), ("c", {"body": b""})]
    assert unpack_jobs(pack_jobs(jobs)) == jobs


def test_an_answer_that_is_none_is_an_error() -> None:
    for frame in (b"", b"{}", b"\xff"):
        with pytest.raises(WireError):
            unpack_results(frame)


def test_jobs_of_a_frame_wait_for_the_disk_together(monkeypatch: pytest.MonkeyPatch) -> None:
    story: list[str] = []

    def stepped(fields: dict[str, Any], fds: list[int]) -> agent.Steps:
        story.append(f"write {fields['n']}")
        if fields["n"] == 2:
            raise OSError(28, "No space left on device")
        yield
        story.append(f"sync {fields['n']}")
        return {"n": fields["n"]}

    def plain(fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
        story.append("plain")
        return {"fds": fds}

    def load(name: str) -> agent.Job:
        found: dict[str, agent.Job] = {"stepped": stepped, "plain": plain}
        return found[name]

    monkeypatch.setattr(agent, "load_job", load)
    jobs = [("stepped", {"n": n}) for n in (1, 2, 3)] + [("plain", {}), ("unknown", {})]
    answers = unpack_results(agent.do_jobs(pack_jobs(jobs), [7]))
    assert story == ["write 1", "write 2", "write 3", "plain", "sync 1", "sync 3"]
    assert answers == [
        {"result": {"n": 1}},
        {"error": "OSError: [Errno 28] No space left on device"},
        {"result": {"n": 3}},
        {"result": {"fds": [7]}},
        {"error": "KeyError: 'unknown'"},
    ]
    assert agent.run_job("stepped", {"n": 9}, []) == {"n": 9}


def test_maildir_files_get_their_names_after_all_are_written(tmp_path: Path) -> None:
    fields = {
        "format": "maildir", "path": str(tmp_path / "Maildir"), "create_directory": True, "create_file": "anywhere",
        "home": "", "vouched": "", "directory_mode": 0o700, "mode": 0o600, "maildir_retries": 3, "host": "h", "tag": "", "later": False,
        "maildirfolder_create_regex": None, "quota_directory": "", "quota": 0, "quota_filecount": 0, "quota_warn": 0,
        "quota_size_regex": None, "mailbox_size": -1, "mailbox_filecount": -1, "maildir_use_size_file": False,
        "quota_is_inclusive": True, "message_size": 9, "spool_device": tmp_path.stat().st_dev, "prefix": "", "suffix": "", "header": "A: b\n\n", "check": "", "escape": "",
    }  # fmt: skip
    one, two = ({**fields, "body": body} for body in (b"one\n", b"two\n"))
    started = agent.load_job("appendfile")(one, [])
    assert not isinstance(started, dict)
    next(started)
    assert [path.name for path in (tmp_path / "Maildir" / "new").iterdir()] == []
    started.close()
    assert list((tmp_path / "Maildir" / "tmp").iterdir()) == [], "a job that is given up leaves its file"
    answers = unpack_results(agent.do_jobs(pack_jobs([("appendfile", one), ("appendfile", two)]), []))
    assert [each["result"]["result"] for each in answers] == ["delivered", "delivered"]
    texts = sorted(path.read_bytes() for path in (tmp_path / "Maildir" / "new").iterdir())
    assert texts == [b"A: b\n\none\n", b"A: b\n\ntwo\n"]
