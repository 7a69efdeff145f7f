"""Eximia: a mail transfer agent that takes Exim's place on the same machine."""

__version__ = "0.1.0"
