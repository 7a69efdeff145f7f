"""`error`: end the ACL as if it were wrong (for testing)."""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.run import Run

from .control import Control


def _apply(_one: Run, _options: str | None) -> None:
    raise AclError("")


ERROR = Control("error", _apply)
