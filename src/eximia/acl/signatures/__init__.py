"""Signatures of messages that come in: DKIM, DomainKeys and ARC (manual 58; features rows 1 and 9).

`arriving` hashes the message while it is received, `dkim` judges its signatures and runs `acl_smtp_dkim`, `arc` and
`domainkeys` answer conditions of the DATA ACL. The mechanisms themselves are `eximia.mailauth`.
"""
