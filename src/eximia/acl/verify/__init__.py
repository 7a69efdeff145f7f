"""What `verify =` can verify, one a file (manual 44.26, 44.45)."""
