"""Sieve (RFC 5228) with envelope, fileinto, copy (3894), subaddress (5233), vacation (5230), enotify with mailto
(5435, 5436), encoded-character and the comparator i;ascii-numeric.

A script is obeyed while it is read; what is not obeyed is still checked, until `stop` is obeyed.
"""
