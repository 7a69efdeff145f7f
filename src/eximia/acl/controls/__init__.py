"""What `control =` can set, one a file or a small family a file (manual 44.22)."""
