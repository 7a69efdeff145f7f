"""Server authenticators that several tests configure: the user is `me`, with the password `secret`."""

PLAIN = """plain:
 driver = plaintext
 public_name = PLAIN
 server_prompts = :
 server_condition = ${if and{{eq{$auth2}{me}}{eq{$auth3}{secret}}}}
 server_set_id = $auth2
"""
CRAM = """cram:
 driver = cram_md5
 public_name = CRAM-MD5
 server_secret = ${if eq{$auth1}{me}{secret}fail}
 server_set_id = $auth1
"""
