"""`utf8_domain_to_alabel` and its kin: internationalised names to and from their ASCII form (chapter 60)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.operation import Operator
from eximia.logs.printing import printing
from eximia.message import idna

if TYPE_CHECKING:
    from eximia.context import Context


def _operator(convert: Callable[[str], str], source: str, target: str) -> Operator:
    def apply(ctx: Context, subject: str, argument: str | None) -> str:
        try:
            return convert(subject)
        except idna.IdnaError as error:
            raise ExpansionError(
                f"error converting {source} ({printing(subject)}) to {target}: {error.message}",
            ) from error

    return Operator(apply)


DOMAIN_TO = _operator(idna.domain_to_alabel, "utf8", "alabel")
DOMAIN_FROM = _operator(idna.domain_from_alabel, "alabel", "utf8")
LOCALPART_TO = _operator(idna.localpart_to_alabel, "utf8", "alabel")
LOCALPART_FROM = _operator(idna.localpart_from_alabel, "alabel", "utf8")
