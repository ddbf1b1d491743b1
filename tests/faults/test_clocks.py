"""Clocks that are set wrong for a while: what is decided and delivered is what an undisturbed run decides and delivers."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.acceptance.recording_receiver import Recording, recording
from tests.acceptance.small_house import MOMENTS, SmallHouse, outcome
from tests.acceptance.small_operator import DAY, HOUR, LIVE, write_operator

YEAR = 365 * DAY
MINUTE = 60
KEYS = {
    "identity": "11" * 32, "token": "t" * 32, "webhook": "whsec_" + b64encode(b"w" * 32).decode(),
    "vault": urlsafe_b64encode(b"v" * 32).decode(),
}  # fmt: skip
"""The same in every run, so that pseudonyms compare."""
BEFORE_THE_OUTAGE = 1
"""Index of the moment after which the clock is wrong for a round: nothing of the outage has been decided by then."""


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_operator(tmp_path_factory.mktemp("operator") / "operator")


@pytest.fixture(scope="module")
def undisturbed(operator: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What is decided with a clock that is always right."""
    return lived(operator, tmp_path_factory.mktemp("undisturbed"), MOMENTS)


@pytest.fixture
def care() -> Iterator[Recording]:
    with recording() as receiver:
        yield receiver


def opened(operator: Path, root: Path) -> SmallHouse:
    """A service of its own over the operator that all share."""
    (root / "operator").symlink_to(operator)
    (root / "var").mkdir()
    (root / "var" / "keys.json").write_text(json.dumps(KEYS))
    return SmallHouse(root)


def lived(operator: Path, root: Path, readings: Sequence[float]) -> dict[str, object]:
    """The outcome of one round at each of these readings of the clock."""
    house = opened(operator, root)
    try:
        for reading in readings:
            house.tick(reading)
        return outcome(house)
    finally:
        house.close()


def without_findings(result: dict[str, object]) -> dict[str, object]:
    """Everything decided. The finding about the clock is what differs, and is looked at by itself."""
    return {name: value for name, value in result.items() if name != "findings"}


def with_wrong_round(offset: float, after: int = BEFORE_THE_OUTAGE) -> list[float]:
    """The moments of the undisturbed run, and after one of them a round at a clock that is wrong by so much (s)."""
    return [*MOMENTS[: after + 1], MOMENTS[after] + offset, *MOMENTS[after + 1 :]]


@pytest.mark.parametrize(
    "offset", [YEAR, DAY, 5 * HOUR, -HOUR, -DAY, -YEAR, -LIVE], ids=lambda s: f"{s / HOUR:+.0f}h" if s != -LIVE else "1970"
)
def test_one_round_at_a_wrong_clock_changes_nothing_that_is_decided(
    offset: float, operator: Path, undisturbed: dict[str, object], tmp_path: Path
) -> None:
    disturbed = lived(operator, tmp_path, with_wrong_round(offset))
    assert without_findings(disturbed) == without_findings(undisturbed)
    assert [f.code for f in disturbed["findings"] if f.code == "clock_jumped"] == ["clock_jumped"]
