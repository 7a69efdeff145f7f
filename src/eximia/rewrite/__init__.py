"""Address rewriting (manual chapter 31)."""
