"""How long tests search that draw what they try: by day, and at night with `--hypothesis-profile=nightly`."""

from hypothesis import settings

settings.register_profile("nightly", max_examples=10_000)
