"""An operator that lives: files come when they would, once, and say what the batch says."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from detector.simulator import Scenario, StreamingOperator, simulate

MONDAY_SIX = 1_772_431_200
SIZE: dict[str, Any] = {"cells": 24, "seed": 5, "start": MONDAY_SIX, "subscribers_per_cell": 6}


def player(out: Path) -> StreamingOperator:
    operator = StreamingOperator(out, history_days=2, streamed_days=1, **SIZE)
    operator.write_history()
    return operator


def dropped(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_its_history_is_what_the_batch_writes_for_the_same_seed(tmp_path: Path) -> None:
    player(tmp_path / "live")
    simulate(tmp_path / "batch", Scenario(days=3, history_days=2, **SIZE))
    live, batch = dropped(tmp_path / "live"), dropped(tmp_path / "batch")
    history = [n for n in live if n.startswith(("counters/", "attachments/"))]
    assert len(history) >= 2 * 6
    assert all(live[n] == batch[n] for n in history)
    same = ("cells.csv", "neighbours.csv", "subscribers.csv", "accounts.csv", "consents.csv", "operator.toml")
    assert all(live[n] == batch[n] for n in same)


def test_nothing_comes_before_its_time_and_steps_do_not_matter(tmp_path: Path) -> None:
    slow, fast = player(tmp_path / "slow"), player(tmp_path / "fast")
    assert slow.advance(slow.history_end) == 0
    until = slow.history_end + 5 * 3600
    files = 0
    for at in range(slow.history_end, until + 1, 420):
        files += slow.advance(at)
        names = [p.name.partition(".xml")[0] for p in (tmp_path / "slow" / "counters").rglob("A2*")]
        ends = [datetime.strptime(n[1:9] + n[20:29], "%Y%m%d%H%M%z").timestamp() for n in names]
        assert max(ends, default=0) + 240 <= at
    files += slow.advance(until)
    assert files == fast.advance(until) > 100
    assert dropped(tmp_path / "slow") == dropped(tmp_path / "fast")


def test_a_player_started_anew_writes_the_same_again(tmp_path: Path) -> None:
    first = player(tmp_path)
    first.advance(first.history_end + 4 * 3600)
    before = dropped(tmp_path)
    second = player(tmp_path)
    second.advance(second.history_end + 4 * 3600)
    assert dropped(tmp_path) == before


def test_alarms_and_works_are_given_as_far_as_they_have_arrived(tmp_path: Path) -> None:
    operator = player(tmp_path)
    works = tmp_path / "maintenance.csv"
    assert "planned" in works.read_text()
    operator.advance(operator.history_end + 100 * 60)
    assert "active" in works.read_text()
    operator.advance(operator.history_end + 4 * 3600)
    assert "finished" in works.read_text()


def test_the_history_comes_first(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="write_history"):
        StreamingOperator(tmp_path, history_days=1, streamed_days=1, **SIZE).advance(MONDAY_SIX + 2 * 86_400)
