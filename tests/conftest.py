"""How tests run: property tests for as long as it takes, and in CI with the same examples each time; folders of tests in
memory where there is room, for each commit of a store waits for the disk."""

import os
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from hypothesis import settings  # noqa: E402 (its modules are kept compiled, too)

settings.register_profile("precall", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("precall")

MEMORY = Path("/dev/shm")
"""A file system in memory, on Linux."""
NEEDED_BYTES = 4 << 30

if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > NEEDED_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
