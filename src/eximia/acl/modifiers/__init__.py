"""Modifiers of ACLs, one a file (manual 44.21)."""
