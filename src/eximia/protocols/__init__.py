"""Protocol machines: bytes in, events out. No sockets, no clock, no policy."""
