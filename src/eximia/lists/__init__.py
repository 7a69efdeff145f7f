"""Domain, host, address and local part lists (manual chapter 10), and regular expressions (chapter 8)."""
