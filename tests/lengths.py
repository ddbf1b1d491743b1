"""How many examples a slow property takes: few in `make test`, many in `make test-long`."""

import os

LONG = os.environ.get("LONG") == "1"


def examples(short: int, long: int) -> int:
    """The number of examples of this run."""
    return long if LONG else short
