"""`${env{name}{yes}{no}}`: a variable of the environment, as `keep_environment` left it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.text import Untainted, to_bytes
from eximia.expand.items.valued import ValueItem

if TYPE_CHECKING:
    from eximia.context import Context


def _env(ctx: Context, values: list[str]) -> str | None:
    found = os.environb.get(to_bytes(values[0].strip(" \t\n\r\v\f")))
    return None if found is None else Untainted(found.decode("latin-1"))


ENV = ValueItem(("missing '{' for key arg of env",), _env)
