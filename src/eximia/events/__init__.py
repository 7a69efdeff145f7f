"""Events that a configuration can act on (manual chapter 61)."""

from __future__ import annotations

from .raising import raise_event

__all__ = ["raise_event"]
