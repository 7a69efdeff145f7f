"""The options of authenticators, generic and of each driver, declared once."""
