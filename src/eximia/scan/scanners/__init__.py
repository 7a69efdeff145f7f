"""The virus scanners, one file each."""
