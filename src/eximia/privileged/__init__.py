"""The only code that may run as root: starts workers, binds ports, runs agents as other users. Imports base only."""
