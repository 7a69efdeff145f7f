"""What mail is: addresses, headers, ids, dates, delivery outcomes. No I/O, no configuration."""
