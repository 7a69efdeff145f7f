"""Mail comes in: SMTP sessions and the command line (manual chapters 48 and 49)."""
