"""The options of routers, generic and of each driver, declared once."""
