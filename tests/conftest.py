"""How long tests search that draw what they try: by day, and at night with `--hypothesis-profile=nightly`.

However long an example takes, it fails for what it shows alone: machines are busy at times.
"""

from hypothesis import HealthCheck, settings

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("daily", PATIENT)
settings.register_profile("nightly", PATIENT, max_examples=10_000)
settings.load_profile("daily")
