"""How the mechanisms ask for TXT records: any callable that takes a name and returns a `TxtAnswer`.

The server gives one over its resolver and cache; a script gives whatever it has:

    def txt(name: str) -> TxtAnswer:
        return TxtAnswer(tuple(b"".join(rdata.strings) for rdata in dns.resolver.resolve(name, "TXT")))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from eximia.dns.answer import Answer, Status

FOUND = "found"
NONE = "none"
TEMPERROR = "temperror"


class TxtAnswer(NamedTuple):
    """`texts`: one item a record, its character-strings joined. `status` is FOUND, NONE (the name or the records do
    certainly not exist) or TEMPERROR (ask again later); `why` is for people."""

    texts: tuple[bytes, ...] = ()
    status: str = FOUND
    why: str = ""


#: A question for TXT records; never raises.
Txt = Callable[[str], TxtAnswer]


def asking(ask: Callable[[str, str], Answer]) -> Txt:
    """The same over a question for any type of record (`Zone.ask`, the server's lookups)."""

    def txt(name: str) -> TxtAnswer:
        answer = ask(name, "TXT")
        if answer.found:
            return TxtAnswer(tuple(one.joined for one in answer.records))
        if answer.status is Status.AGAIN:
            return TxtAnswer((), TEMPERROR, answer.why)
        return TxtAnswer((), NONE, answer.why)

    return txt
