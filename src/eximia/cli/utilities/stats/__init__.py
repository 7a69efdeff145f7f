"""What eximstats is made of: reading logs and reports, counting, and showing the counts."""
