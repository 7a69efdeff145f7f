"""SMTP and LMTP as machines without sockets: the server's side and the client's side."""
