"""DKIM (RFC 6376, 8301, 8463): `verify` checks signatures, `sign` makes them."""
