"""Looking into a running server: metrics, console."""
