"""`eximia explain`: which line of the configuration decided what, for a session, an address or a queued message."""
