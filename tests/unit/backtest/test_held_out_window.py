"""A history that is shorter than what is held out of it says nothing of false alarms, and ends nothing."""

from dataclasses import replace

import pytest

from detector.backtest.false_alarm_rate import HELD_OUT_TICKS, held_out
from detector.backtest.intervals import UNKNOWN
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Operator, Reference
from detector.domain.window import DAY_S
from detector.store import Store
from detector.store.database import Database

UNTIL = 1_774_339_200


@pytest.fixture
def store(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/precall.db")
    database.create()
    yield Store(tmp_path, database, (), b"A" * 43 + b"=")
    database.close()


@pytest.mark.parametrize("history_days", [1, 2, 7, 28, 3660])
@pytest.mark.parametrize("tick_s", [60, 300, 900, 3600, DAY_S])
def test_it_is_unknown_and_no_error(history_days, tick_s, store):
    """192 hours are eight days: a history of seven has nothing left to learn from."""
    assert HELD_OUT_TICKS * 3600 > 7 * DAY_S
    policy = replace(DetectionPolicy(), history_days=history_days)
    assert held_out(store, Reference(operator=Operator(tick_s=tick_s)), policy, UNTIL) == UNKNOWN
