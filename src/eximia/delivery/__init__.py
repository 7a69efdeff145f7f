"""One message goes out: routing, transports, bounces, warnings (manual chapters 3 and 48)."""
