"""File and database lookups, one module a type (manual chapter 9)."""
