"""ARC (RFC 8617): `verify` checks a chain, `seal` adds to it."""
