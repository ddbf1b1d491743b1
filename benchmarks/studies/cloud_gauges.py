"""CPU of five public cloud machines by five minutes (NAB, realAWSCloudWatch): the labelled windows found, and what else.

    .venv/bin/python -m benchmarks.studies.cloud_gauges DIRECTORY

DIRECTORY is a checkout of the Numenta Anomaly Benchmark (its `data` and `labels`), of which nothing is kept here. Each
series is one gauge of one object, learned anew every day from what came before; the first 15 % are learned from alone,
as NAB does. An alarm is raised where -log10 p passes the budget's threshold for one series, and is over after two hours
without. No constant of the detector was chosen on these series.
"""

import argparse
import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from detector.domain.evidence import EwmaState
from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import DAY_S, HOUR_S
from detector.scoring import fit, lookback, score

SERIES = ("24ae8d", "53ea38", "5f5533", "77c1ca", "825cc2")
"""The five of the figures that OpenSearch publishes for its detector."""
PERIOD_S = 300
PROBATION = 0.15
"""Share of a series that is not scored. Definition (NAB)."""
POLICY = DetectionPolicy()


def read(path: Path, direction: str) -> KpiFrame:
    """The series on a grid of five minutes; NaN where nothing was measured."""
    with path.open(encoding="utf-8") as table:
        rows = [(_epoch(row["timestamp"]), float(row["value"])) for row in csv.DictReader(table)]
    places = np.array([at // PERIOD_S for at, _ in rows])
    values = np.full(places.max() - places.min() + 1, np.nan)
    values[places - places.min()] = [value for _, value in rows]
    kpi = Kpi(
        id="cpu",
        title="CPU",
        unit="%",
        kind="gauge",
        direction=direction,
        family="core",
        technology="core",
        clause="",
        numerator="cpu",
        floor=0.2,
    )
    shape = (len(values), 1, 1)
    return KpiFrame(
        starts=PERIOD_S * (places.min() + np.arange(len(values))),
        duration_s=PERIOD_S,
        objects=("machine",),
        kpis=(kpi,),
        numerator=values.reshape(shape),
        denominator=np.where(np.isfinite(values), 1.0, np.nan).reshape(shape),
        suspect=np.zeros(shape[:2], bool),
    )


def alarms(series: KpiFrame, threshold: float) -> list[int]:
    """Starts (s) of the periods in which an alarm begins."""
    first, day = int(PROBATION * len(series.starts)), DAY_S // PERIOD_S
    base, found, last = None, [], 0
    ewma: EwmaState | None = None
    raised = np.zeros(len(series.starts), bool)
    for p in range(first, len(series.starts)):
        if base is None or (p - first) % day == 0:
            past = _part(series, 0, p)
            base = fit(past, timezone="UTC", excluded=raised[:p, None].copy(), peers=None, detection_policy=POLICY)
        evidence = score(
            _part(series, max(p + 1 - lookback(base), 0), p + 1), base, Reference(), series.objects, POLICY, ewma
        )
        ewma = evidence.ewma
        at = int(series.starts[p])
        if evidence.matters[0, 0] and np.nan_to_num(evidence.neg_log10_p[0, 0]) > threshold:
            raised[p] = True
            if at - last > 2 * HOUR_S:
                found.append(at)
            last = at
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--threshold", type=float, default=_budgeted())
    parser.add_argument("--direction", nargs="+", default=["down", "both"])
    args = parser.parse_args()
    labels = json.loads((args.directory / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    for direction in args.direction:
        hits, windows, false = 0, 0, 0
        for name in SERIES:
            key = f"realAWSCloudwatch/ec2_cpu_utilization_{name}.csv"
            spans = [(_epoch(begin), _epoch(end)) for begin, end in labels[key]]
            found = alarms(read(args.directory / "data" / key, direction), args.threshold)
            inside = [any(begin <= at <= end for at in found) for begin, end in spans]
            others = [at for at in found if not any(begin <= at <= end for begin, end in spans)]
            print(f"{direction} {name}: {sum(inside)} of {len(spans)}, {len(others)} others", flush=True)
            hits, windows, false = hits + sum(inside), windows + len(spans), false + len(others)
        print(f"{direction}: {hits} of {windows} windows, {false} others at -log10 p {args.threshold:.2f}", flush=True)


def _budgeted() -> float:
    """The week's budget over the ticks of a week: -log10 p of one series of one object."""
    ticks = 7 * DAY_S / PERIOD_S
    return float(-np.log10(POLICY.false_degradations_per_1000_cells_week / 1000 / ticks))


def _part(frame: KpiFrame, first: int, last: int) -> KpiFrame:
    cut = slice(first, last)
    return KpiFrame(
        starts=frame.starts[cut].copy(),
        duration_s=frame.duration_s,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=frame.numerator[cut].copy(),
        denominator=frame.denominator[cut].copy(),
        suspect=frame.suspect[cut].copy(),
    )


def _epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


if __name__ == "__main__":
    main()
