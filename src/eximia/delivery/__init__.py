"""Delivering one message: routing its recipients, running transports, recording what became of them, and telling
senders (manual 3.13 to 3.17, 25, 32, 50)."""
