"""`-brw`: how addresses would be rewritten (manual 31.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eximia.context import Context


def rewrite_test(ctx: Context, texts: Sequence[str]) -> int:
    """Print what becomes of each argument; the exit status is 0 whatever they are."""
    from eximia.rewrite.testing import rewrite_report

    for text in texts:
        for line in rewrite_report(ctx, text):
            print(line)
    return 0
