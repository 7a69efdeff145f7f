"""The command line: Exim's letters and the commands of our own."""
