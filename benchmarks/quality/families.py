"""Both families of operators: their scenarios, and the seeds that reports are made of."""

from collections.abc import Mapping, Sequence
from typing import Literal

from benchmarks.foreign.scenario import drawn

Family = Literal["simulator", "foreign"]
FOREIGN_SEEDS = range(601, 633)
"""Twice the sixteen of a row: 20 by the quarter-hour, 4 by 5 minutes, 6 by the hour, 2 by the day. Chosen: half an hour."""
PEOPLE_SEEDS = range(701, 704)
"""Operators that a whole backtest replays, with care and people. Chosen: three, for each takes ten minutes or so."""
BY_PERIOD = {300: "foreign", 900: "foreign", 3600: "foreign_hourly", 86_400: "foreign_daily"}
"""Measuring period in s -> the scenario of operators that count by it."""
SEEDS: Mapping[Family, Mapping[str, Sequence[int]]] = {
    "simulator": {"faulty": range(101, 125), "quiet": range(131, 137), "mild": range(141, 147), "real": [0]},
    "foreign": {
        **{
            name: [s for s in FOREIGN_SEEDS if BY_PERIOD[drawn(s).period_s] == name]
            for name in dict.fromkeys(BY_PERIOD.values())
        },
        "foreign_quiet": range(649, 655),
        "foreign_people": PEOPLE_SEEDS,
    },
}
"""Family -> scenario -> its seeds."""
FAULTY = ("faulty", "foreign", "foreign_hourly", "foreign_daily")
"""Scenarios with faults of which every peer that can afford it is judged at many thresholds."""


def family_of(scenario: str) -> Family:
    return "foreign" if scenario.startswith("foreign") else "simulator"
