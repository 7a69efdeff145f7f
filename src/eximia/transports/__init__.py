"""The transports section: how messages leave, into files, programs, other hosts (manual chapters 23 to 30)."""
