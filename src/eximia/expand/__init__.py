"""The string expansion language (manual chapter 11)."""
