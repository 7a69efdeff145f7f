"""Filters: Exim's own language and Sieve (the document "Exim's interfaces to mail filtering"; manual 47).

A filter sets deliveries up and makes none; what it comes to is a `FilterResult`.
"""
