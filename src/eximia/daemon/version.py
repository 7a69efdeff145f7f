"""Which version we say we are, and what is built in (`-bV`, manual 5.3)."""

from __future__ import annotations

COMPILE_NUMBER = "1"
COMPILE_DATE = "22-Nov-2026 12:00:00"
