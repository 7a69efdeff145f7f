"""Domain, host, address and local part lists (manual chapter 10); the one place that runs regular expressions (chapter 8)."""
