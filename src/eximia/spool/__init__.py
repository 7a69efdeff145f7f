"""The spool: -H, -D and -J files, message logs, locks (manual chapter 57)."""
