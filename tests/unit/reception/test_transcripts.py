"""SMTP conversations written as text: `tests/transcripts/*.smtp`.

A file holds blocks: `[config]` (main section; `[acl]` adds the ACL section), `[talk]` with `C:` and `S:` lines (a
backslash sequence in C: stands for itself; lines without a server line between them go out together; `C: <timeout>`
and the end of the block end the client), `[mainlog]` with what the main log must say. `ID` stands for message ids.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from support_reception import make_process, normal, talk

FOLDER = Path(__file__).parents[2] / "transcripts"


def blocks(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("[") and line.endswith("]"):
            name = line[1:-1]
            found[name] = []
        elif name and not line.startswith("##"):
            found[name].append(line)
    return found


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.smtp")), ids=lambda path: path.stem)
def test_transcript(path: Path) -> None:
    parts = blocks(path.read_text(encoding="utf-8"))
    config = (
        "\n".join(parts.get("config", [])) + "\nbegin acl\nyes:\n  accept\n" + "\n".join(parts.get("acl", [])) + "\n"
    )
    said: list[bytes | str] = []
    expected: list[str] = []
    previous = ""
    for line in parts["talk"]:
        kind, text = line[:2], line[3:]
        if kind == "S:":
            expected.append(text)
        elif kind == "C:" and text == "<timeout>":
            said.append("timeout")
        elif kind == "C:":
            data = text.encode().decode("unicode_escape").encode("latin-1") + b"\r\n"
            if previous == "C:" and isinstance(said[-1], bytes):
                said[-1] += data
            else:
                said.append(data)
        elif kind.strip():
            raise ValueError(line)
        previous = kind
    host = "".join(parts.get("host", ["192.0.2.1"]))
    with tempfile.TemporaryDirectory() as folder:
        process, log, _ = make_process(folder, config)
        stream = talk(process, said, host=host)
    answer = normal(b"".join(stream.answers).decode("utf-8", "replace").replace("\r\n", "\n"))
    assert answer.rstrip("\n").split("\n") == expected
    assert [normal(line) for line in log.lines] == [line for line in parts.get("mainlog", []) if line]
