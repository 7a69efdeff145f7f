"""Processes, listeners, reload, and the one place that puts all parts together."""
