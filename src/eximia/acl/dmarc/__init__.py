"""DMARC for the message being received (manual 58.6; features row 7).

`check` judges when an ACL asks, `settle` writes and sends what has to be once the DATA ACL has decided, `reports` sends
the aggregate reports of the days before. The mechanism itself is `eximia.mailauth.dmarc`.
"""
