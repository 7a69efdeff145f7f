"""The options of transports, generic and of each driver, declared once."""
