"""What a Sieve script may use of the configuration: options of the redirect router (manual 22)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.dataclass import dataclass
from eximia.base.errors import ForcedFailure
from eximia.expand import expand

if TYPE_CHECKING:
    from eximia.base.template import Template
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Setup:
    """None or empty: not set."""

    inbox: str = "inbox"
    vacation_directory: str = ""
    notify_owner: str | None = None
    user: str | None = None
    detail: str | None = None


def setup_of(ctx: Context, options: Any) -> Setup:
    """The expanded options. Raises ExpansionError."""

    def text(name: str) -> str | None:
        template: Template | None = getattr(options, name, None)
        if template is None:
            return None
        try:
            return expand(template, ctx)
        except ForcedFailure:
            return None

    return Setup(
        text("sieve_inbox") or "inbox",
        text("sieve_vacation_directory") or "",
        text("sieve_enotify_mailto_owner"),
        text("sieve_useraddress"),
        text("sieve_subaddress"),
    )
