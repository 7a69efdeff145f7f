"""Delivering one message: routing its recipients, running transports, recording what became of them, and telling
senders (manual 3.13 to 3.17, 25, 32, 50)."""

from __future__ import annotations

from .deliver import deliver_message, deliver_received, start
from .settings import AttemptEnd, AttemptSettings

__all__ = ["AttemptEnd", "AttemptSettings", "deliver_message", "deliver_received", "start"]
