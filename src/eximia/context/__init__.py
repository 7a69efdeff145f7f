"""The nested records that policy reads and writes: Process, Session, Message, AddressContext."""
