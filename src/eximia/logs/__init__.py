"""The logs: where lines go (`log`), what is shown (`selectors`), and the lines themselves (`lines`)."""

from __future__ import annotations

from .log import Log, LogSettings
from .selectors import Selectors

__all__ = ["Log", "LogSettings", "Selectors"]
