"""Conditions of ACLs, one a file (manual 44.26, chapter 45)."""
