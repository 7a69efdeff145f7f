"""DomainKeys (RFC 4870, historic): `verify` checks signatures and policies, `sign` makes signatures."""
