"""What holds for every test."""

from hypothesis import HealthCheck, settings

# No timings in tests: a machine that is busy must not fail one.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
