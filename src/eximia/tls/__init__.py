"""Transport layer security as a bytes-in/bytes-out engine (manual chapter 43)."""
