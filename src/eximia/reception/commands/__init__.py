"""The commands of an SMTP session, a file each (RFC 5321 section 4.1)."""
