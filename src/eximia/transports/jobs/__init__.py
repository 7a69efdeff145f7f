"""What local transports do as the recipient's user: plain blocking functions on plain data (see `privileged.jobs`).

Everything is expanded before; a job gets texts, numbers and descriptors and returns a dictionary. No configuration,
no context, no logs.
"""
