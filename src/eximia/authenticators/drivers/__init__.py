"""The mechanisms."""
