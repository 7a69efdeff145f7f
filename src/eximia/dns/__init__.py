"""DNS messages, answers and their cache. Sending and waiting is aio's part."""

from __future__ import annotations

from .answer import Answer, Status

__all__ = ["Answer", "Status"]
