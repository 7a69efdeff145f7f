"""What the letters of the command line do: each takes an Invocation and returns the exit status."""
