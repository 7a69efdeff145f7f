"""Where exipick gets its messages: the spool, or what an earlier call has saved (`--freeze`, `--thaw`)."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from eximia.base.namedtuple import NamedTuple
from eximia.queue.summary import Summary
from eximia.spool import Place, Spool, SpoolFormatError
from eximia.spool.header_file import read_header
from eximia.spool.journal import read_journal
from eximia.spool.locks import is_locked

from .common import fail, open_configured
from .exipick_variables import Variables


class Loaded(NamedTuple):
    """One message as it is read and saved. `body`: bytes of the -D file; -1: it is missing."""

    id: str
    header_path: str
    data_path: str
    header: str
    journal: list[str]
    body: int


def messages(options: Mapping[str, str]) -> Iterator[Variables]:
    """The messages that the options name; those whose files are damaged are reported and left out."""
    loaded: Iterable[Loaded] = _thawed(options["thaw"]) if "thaw" in options else _from_spool(options)
    if "freeze" in options:
        loaded = list(loaded)
        with open(options["freeze"], "w", encoding="utf-8") as file:
            json.dump([list(each) for each in loaded], file)
    now = int(time.time())
    for each in loaded:
        try:
            header = read_header(each.header, each.id)
        except SpoolFormatError as error:
            if is_locked(each.data_path, each.id):
                continue  # it is just being written
            sys.stderr.write(f"Couldn't parse {each.id}: {error}\n")
            continue
        header.nonrecipients.update(each.journal)
        summary = Summary(each.id, Place())
        summary.fill(header)
        if each.body >= 0:
            summary.size = header.size_of_headers() + max(0, each.body - len(each.id) - 3)
        yield Variables(header, summary, each.header_path, each.data_path, now)


def _thawed(path: str) -> list[Loaded]:
    try:
        with open(path, encoding="utf-8") as file:
            rows: Any = json.load(file)
        return [Loaded(*row) for row in rows]
    except OSError as error:
        fail(f"Couldn't open {path}: {error.strerror}", error.errno or 1)
    except (ValueError, TypeError):
        fail(f"{path} was not made by --freeze")


def _from_spool(options: Mapping[str, str]) -> Iterator[Loaded]:
    config = options.get("C") or options.get("config")
    directory = options.get("spool")
    if directory is None:
        directory = open_configured(["-C", config] if config else []).spool.directory
    queue = options.get("queue", "")
    name = options.get("input-dir", "Finput") if options.keys() & {"finput", "input-dir"} else "input"
    spool = _Folder(directory, name)
    folder = spool.folder(Place(queue))
    try:
        os.scandir(folder).close()
    except OSError as error:
        fail(f"Couldn't opendir {folder}: {error.strerror}", error.errno or 1)
    for message_id, place in spool.messages(queue):
        header_path, data_path = (spool.path(message_id, suffix, place) for suffix in ("-H", "-D"))
        try:
            with open(header_path, encoding="latin-1", newline="") as file:
                text = file.read()
            body = os.stat(data_path).st_size if os.path.exists(data_path) else -1
        except OSError:
            continue  # delivered meanwhile
        journal = sorted(read_journal(spool.path(message_id, "-J", place)))
        yield Loaded(message_id, header_path, data_path, text, journal, body)


class _Folder(Spool):
    """A spool whose messages are in a folder of any name (`--input-dir`)."""

    __slots__ = ("_name",)

    def __init__(self, directory: str, name: str) -> None:
        super().__init__(directory)
        self._name = name

    def folder(self, place: Place = Place(), kind: str = "input") -> str:  # noqa: B008 as in the base class
        if kind != "input":
            return super().folder(place, kind)
        if self._name.startswith("/"):
            path = self._name
        else:
            path = f"{self.directory}/{place.queue}/{self._name}" if place.queue else f"{self.directory}/{self._name}"
        return f"{path}/{place.subdirectory}" if place.subdirectory else path
