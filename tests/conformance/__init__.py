"""Test vectors as JSON lines, run against `eximia.mailauth`."""
