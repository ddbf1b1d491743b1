"""How every property test runs: for as long as it takes, and in CI with the same examples each time."""

import os

from hypothesis import settings

settings.register_profile("precall", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("precall")
