"""Milters, filters for mail that follow an SMTP session (option `milters`, ours): `settings` reads the list, `milter`
is one filter in one session, `chain` all of them, `changes` does to the message what they want."""
