"""A process with a spool in a temporary folder and a few messages in it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from eximia.context import Message, Process, Recipient, Session
from eximia.logs.log import Log, LogSettings
from eximia.logs.paths import Destination
from eximia.message.header import Header
from eximia.spool import Spool
from eximia.spool.durable import Arrival
from eximia.spool.header_file import write_header
from eximia.spool.snapshot import to_header

NOW = 1795337447


class Clock:
    def time(self) -> float:
        return float(NOW)


class FakePorts:
    clock = Clock()


class House:
    """The process, and helpers to fill and look at its spool."""

    def __init__(self, folder: Path, *, split: bool = False) -> None:
        self.folder = folder
        self.process = Process(FakePorts())  # type: ignore[arg-type]
        self.process.spool = Spool(str(folder), split=split)
        settings = LogSettings(Destination(f"{folder}/log/%slog", syslog=False))
        self.process.log = Log(settings, now=lambda: NOW, stderr=-1)
        self.process.is_admin = True
        self.process.main = SimpleNamespace(message_logs=True)

    def add(
        self, message_id: str, *, sender: str = "a@b.ex", to: tuple[str, ...] = ("c@d.ex",), **more: object
    ) -> None:
        queue = str(more.pop("queue", ""))
        message = Message(
            id=message_id,
            sender_address=sender,
            recipients=[Recipient(address) for address in to],
            headers=[Header("From: a@b.ex\n"), Header("X-Old: 1\n", "*")],
            received_time=NOW - 100,
            originator_login="user",
            body_linecount=1,
            **more,  # type: ignore[arg-type]
        )
        text = write_header(to_header(message, Session()))
        place = self.process.spool.place_for(message_id, queue)
        (held,) = self.process.spool.commit([Arrival(message_id, place, text.encode("latin-1"), b"body\n")])
        assert not isinstance(held, OSError)
        held.close()

    def main_log(self) -> list[str]:
        """The lines of the main log without their timestamps."""
        path = self.folder / "log" / "mainlog"
        return [line[20:] for line in path.read_text().splitlines()] if path.exists() else []
