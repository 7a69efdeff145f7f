"""Routers (manual chapters 15 to 22)."""
