"""Three minutes of `make chaos`: whatever is done to the service, the same alerts arrive in the same order."""

import pytest

from tests.faults.chaos.databases import Databases, postgres
from tests.faults.chaos.story import disturbed, undisturbed

QUARTERS, SEED = 6, 11


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def databases(request, tmp_path):
    if request.param == "SQLite":
        yield Databases()
        return
    with postgres(tmp_path / "postgres") as server:
        yield server


def test_a_disturbed_run_delivers_what_an_undisturbed_one_delivers(databases, tmp_path):
    expected = undisturbed(tmp_path / "undisturbed", databases, QUARTERS)
    assert not expected.troubles
    assert sum(len(own) for own in expected.alerts.values()) > 4, "a story in which something happens"
    found = disturbed(tmp_path / "disturbed", databases, QUARTERS, SEED, expected)
    assert not found.differences, "\n".join([*found.differences, "done to it:", *found.done])
