"""For all tests: properties are judged by their results, not by the speed of a busy machine."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("eximia", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("eximia")
