"""Events that a configuration can act on (manual chapter 61)."""
