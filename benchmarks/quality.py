"""How well it detects, on simulated operators of seeds that nothing was developed on.

    .venv/bin/python -m benchmarks.quality --seeds 101 102 103 104 105

Each seed is one operator, whose last days are replayed through the same backtest as `precall backtest`. With --quiet nothing
ever fails, so that all that is raised is false.
"""

import argparse
import tempfile
from collections.abc import Mapping
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


def told(figures: Mapping[str, Any]) -> list[str]:
    """Every figure that has a value, with its interval and count."""
    return [f"  {name:42} {_value(figures[name])}" for name in figures if isinstance(figures[name], dict)]


def _value(figure: Mapping[str, Any]) -> str:
    if "value" not in figure:  # a table of figures
        return ", ".join(f"{key} {_value(one)}" for key, one in figure.items())
    if figure["value"] is None:
        return "unknown"
    low, high = ("?" if figure.get(end) is None else f"{figure[end]:.3g}" for end in ("low", "high"))
    interval = "" if low == high == "?" else f" ({low} to {high})"
    return f"{figure['value']:.3g}{interval} n={figure.get('count')}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103, 104, 105])
    parser.add_argument("--cells", type=int, default=48)
    parser.add_argument("--days", type=int, default=23)
    parser.add_argument("--replayed", type=int, default=5)
    parser.add_argument("--quiet", action="store_true", help="no faults at all: everything raised is false")
    args = parser.parse_args()
    for seed in args.seeds:
        with tempfile.TemporaryDirectory(prefix="precall-quality-") as room:
            figures = replay(Path(room), seed, args.cells, args.days, args.replayed, quiet=args.quiet)
        print("\n".join([f"seed {seed}", *told(figures)]), flush=True)


if __name__ == "__main__":
    main()
