"""Content scanners (manual chapter 45)."""
