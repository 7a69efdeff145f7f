"""LDAP lookups: the protocol (RFC 4511), queries as URLs (RFC 4516), filters (RFC 4515), and Exim's rules (9.14)."""
