"""The router drivers, one file each (manual chapters 16 to 22)."""
