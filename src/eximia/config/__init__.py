"""Reading the run time configuration file (manual chapters 6 and 14)."""
