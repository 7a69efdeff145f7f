"""File and database lookups (manual chapter 9): one file for each type, one line for each in the catalogue."""
