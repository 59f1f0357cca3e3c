"""Hypothesis for all unit tests: no time limits, for a busy machine is no bug."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gapless", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("gapless")
