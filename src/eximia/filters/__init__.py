"""Exim filters and Sieve."""
