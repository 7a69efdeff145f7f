"""Retry rules (manual chapter 32)."""
