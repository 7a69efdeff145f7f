"""Main, reject, panic and process logs in Exim's form (manual chapter 53)."""
