"""Which message when: queue runs and listings."""
