"""Having a message judged: before it is accepted, when an ACL said `control = bmi_run`. A failure goes to the panic
log, and the message is delivered as any other."""

from __future__ import annotations

from collections.abc import Callable

from eximia.base.catalogue import Catalogue
from eximia.base.errors import EximiaError
from eximia.context import Context
from eximia.scan.servers import ScanError

Engine = Callable[[Context, str], list[str]]

_B = "eximia.scan.brightmail."
#: an engine is a function of (context, the rest of `bmi_engine`); it returns the verdicts as texts, and raises
#: ScanError and EximiaError
ENGINES: Catalogue[Engine] = Catalogue(
    "Brightmail engine",
    {
        "library": _B + "library:judge",
        "rspamd": _B + "daemons:by_rspamd",
        "spamd": _B + "daemons:by_spamd",
    },
)


def judge(ctx: Context) -> None:
    """Leaves the verdicts with the message."""
    name, _, rest = str(ctx.process.main.bmi_engine).strip().partition(" ")
    try:
        engine = ENGINES.get(name)
        if engine is None:
            raise ScanError(f"unknown engine '{name}' in bmi_engine")
        verdicts = engine(ctx, rest.strip())
    except (EximiaError, ScanError) as error:
        ctx.process.log.panic(f"Brightmail: {error}", ctx.message.id)
        return
    if verdicts:
        ctx.message.notes["bmi_verdicts"] = ":".join(verdicts)
        ctx.message.notes.pop("bmi_read", None)
