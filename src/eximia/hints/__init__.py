"""Hints databases: retry, wait, callout, ratelimit, seen, misc, tls."""
