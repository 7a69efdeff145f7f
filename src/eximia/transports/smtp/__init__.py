"""The smtp transport: SMTP and LMTP over TCP/IP (manual chapters 30, 49.1, 49.2, 59.2, 61).

`driver` decides which hosts are tried, `hosts` finds them, `connection` opens a session, `pool` keeps sessions for
the next message, `send` carries one message, `judge` says what the replies mean.
"""
