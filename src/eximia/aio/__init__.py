"""The world: event loop, sockets, resolver, subprocesses, threads. Implements base.ports."""
