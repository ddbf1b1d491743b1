"""When a replay looks: hourly counters move its clock by the hour, and nothing that it decides depends on the steps."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from detector.backtest.replay import Replay
from detector.domain.window import Window
from detector.settings import Settings
from jobs.commands.backtest import Backtest
from tests.acceptance.small_operator import COLUMNS, HOUR, LIVE, counter_rows, iso, table, write_reference

DAYS, HOURS = 5, 8
WINDOW = Window(LIVE, LIVE + HOURS * HOUR)


@pytest.fixture(scope="module")
def hourly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator in miniature with one row an hour; an hour of its fault is in the window."""
    root = tmp_path_factory.mktemp("hourly")
    write_reference(root)
    rows = [
        (cell, start, HOUR, *counts)
        for cell, start, _, *counts in counter_rows(range(LIVE - DAYS * 24 * HOUR, WINDOW.end, HOUR))
    ]
    bad = [
        (*row[:4], int(row[3]) // 3, row[5]) if row[0] == "c21" and row[1] == iso(LIVE + 3 * HOUR) else row for row in rows
    ]
    table(root / "counters" / "all.csv", COLUMNS, bad)
    return root


def replayed(dataset: Path, out: Path, root: Path) -> tuple[list[float], list[list[str]]]:
    """The moments at which the replay looked, and the rows of what it decided."""
    looked: list[float] = []
    given = {"storage": {"path": root / "var"}, "sources": {"kpis": dataset / "kpis.toml"}, "detection": {"history_days": 7}}
    pull = Replay._pull

    def noted(self: Replay, clock: Any) -> None:
        looked.append(clock.now())
        pull(self, clock)

    patch = pytest.MonkeyPatch()
    patch.setattr(Replay, "_pull", noted)
    try:
        Backtest(dataset=dataset, out=out, settings=Settings(**given), given=(WINDOW.start, WINDOW.end)).run(
            lambda _share: None
        )
    finally:
        patch.undo()
    with (out / "degradations.csv").open(encoding="utf-8") as found:
        return looked, [*csv.reader(found)]


def test_hourly_counters_move_the_clock_by_the_hour_and_finer_steps_decide_the_same(
    hourly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, decided = replayed(hourly, tmp_path / "hourly", tmp_path)
    assert "c21" in {row[1] for row in decided}
    assert len(looked) <= HOURS + 3, [iso(int(at)) for at in looked]

    coarse = Replay._instants

    def fine(self: Replay) -> Iterator[tuple[float, tuple[()]]]:
        moments = {at for at, _ in coarse(self)} | set(range(WINDOW.start + 900, WINDOW.end, 900))
        yield from ((at, ()) for at in sorted(moments))

    monkeypatch.setattr(Replay, "_instants", fine)
    often, again = replayed(hourly, tmp_path / "fine", tmp_path)
    assert len(often) > 3 * HOURS
    assert again == decided
    for name in ("incidents.csv", "alerts.jsonl", "affected.csv"):
        assert (tmp_path / "hourly" / name).read_bytes() == (tmp_path / "fine" / name).read_bytes()
