"""SMTP authentication, both sides (manual chapters 33 to 42).

`server` runs an AUTH command, `client` authenticates a session of ours; the mechanisms are one file each in `drivers/`.
"""
