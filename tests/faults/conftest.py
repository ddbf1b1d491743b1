"""Places for services of their own."""

import pytest

from tests.faults.service import Place, place


@pytest.fixture
def here(tmp_path):
    """A configured folder in which a service may be started."""
    with place(tmp_path) as made:
        yield made


__all__ = ["Place"]
