"""SMTP authentication mechanisms (manual chapters 33 to 42)."""
