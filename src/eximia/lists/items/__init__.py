"""The kinds of items in lists, a file for each family."""
