"""The places that can keep hints."""

from __future__ import annotations

from eximia.base.catalogue import Catalogue

from .backend import BackendFactory

BACKENDS: Catalogue[BackendFactory] = Catalogue(
    "hints backend",
    {
        "lmdb": "eximia.hints.lmdb:LmdbBackend",
        "redis": "eximia.hints.redis:RedisBackend",
        "rediss": "eximia.hints.redis:RedisBackend",
        "sqlite": "eximia.hints.sqlite:SqliteBackend",
    },
)
