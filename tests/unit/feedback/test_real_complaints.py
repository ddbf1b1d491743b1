"""The same kind of model on real subscribers who complained, or did not."""

from pathlib import Path

import pytest

from benchmarks.studies.complaint_data import NETWORK, PERSON, USE, cross_validated, read_people

DATA = Path(__file__).parents[4] / "shared" / "data" / "subscriber_complaints" / "Customer_Churn.csv.gz"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="real complaints lie beside the repository: ../shared/data")


def test_people_it_has_not_seen_are_separated_and_the_chances_are_calibrated() -> None:
    found = cross_validated(read_people(DATA, NETWORK + USE + PERSON))
    assert found.low > 0.68
    assert found.expected == pytest.approx(found.observed, rel=0.05)
    assert found.slope == pytest.approx(1.0, abs=0.15)
