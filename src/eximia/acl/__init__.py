"""Access control lists (manual chapter 44)."""
