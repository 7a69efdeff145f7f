"""The transport drivers that deliver on this host, one file each."""
