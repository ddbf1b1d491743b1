"""How well it detects, on simulated operators of seeds that nothing was developed on.

    .venv/bin/python -m benchmarks.quality --seeds 101 102 103 104 105

Each seed is one operator twice: quiet (everything raised is false) and with faults. The last days are replayed through the
same backtest as `precall backtest`; its summary is added up over the seeds.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from detector import settings as configuration
from detector.simulator import simulate
from jobs.backtesting import Backtest

START = 1_772_323_200
_DAY = 86_400


def replay(room: Path, seed: int, cells: int, days: int, replayed: int, *, quiet: bool) -> Mapping[str, Any]:
    """summary.json of one operator's last `replayed` days."""
    name = f"{'quiet' if quiet else 'faulty'}-{seed}"
    history = days - replayed
    simulate(
        room / name, cells=cells, days=days, seed=seed, start=START, quiet=quiet, history_days=history, fault_rate=120.0,
        subscribers_per_cell=1,
    )  # fmt: skip
    settings = configuration.load()
    settings = settings.model_copy(update={"storage": settings.storage.model_copy(update={"path": room / "var"})})
    given = (START + history * _DAY, START + days * _DAY)
    return Backtest(room / name, room / f"{name}-out", settings, given).run(lambda _share: None)


def told(figures: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Each figure's values over the seeds, as they are: few seeds have no honest mean of medians."""
    return [f"{name:42} " + "  ".join(_value(one.get(name)) for one in figures) for name in names]


def _value(figure: Any) -> str:
    value = figure.get("value") if isinstance(figure, dict) else figure
    count = f" (n {figure['count']})" if isinstance(figure, dict) and "count" in figure else ""
    return f"{value:.3g}{count}" if isinstance(value, (int, float)) else f"{value}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103, 104, 105])
    parser.add_argument("--cells", type=int, default=48)
    parser.add_argument("--days", type=int, default=26)
    parser.add_argument("--replayed", type=int, default=5)
    args = parser.parse_args()
    for quiet in (True, False):
        found = []
        for seed in args.seeds:
            with tempfile.TemporaryDirectory(prefix="precall-quality-") as room:
                found.append(replay(Path(room), seed, args.cells, args.days, args.replayed, quiet=quiet))
            print(f"seed {seed} {'quiet' if quiet else 'faulty'} done", flush=True)
        names = [n for n, v in found[0].items() if isinstance(v, (dict, int)) and n not in ("cells", "days")]
        print("\n".join([f"seeds {args.seeds}, {'quiet' if quiet else 'with faults'}", *told(found, names), ""]))


if __name__ == "__main__":
    main()
