"""Transports (manual chapters 23 to 30)."""
