"""The core of five nodes by the minute: which of the labelled events are found, where, how soon, and what else is raised.

    .venv/bin/python -m benchmarks.core_minute

follows docs/how-to/core-minute.md word for word (some ten minutes), replays the same stages in memory with a baseline that
has seen the `train` tables alone, counts a plain three-sigma rule on the same minutes, and asks how many of the events leave
any trace in the tables at all. With --scored the out folder of a backtest that has run before is taken.
"""

import argparse
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import core_events as core
from benchmarks.core_events import MINUTE_S, ROOT, Alarm, Event, Verdict
from detector import settings as configuration
from detector.backtest.intervals import Figure, quantile, rate
from detector.domain.window import Window

PAGE = ROOT / "docs" / "how-to" / "core-minute.md"
TARGET = ROOT / "benchmarks" / "results" / "core_minute.md"
SLACK_S = (60, 300, 3_600)
"""After an event's last minute a detection still counts for so long; the last is the contract's."""


def follow_page(where: Path) -> Path:
    """All commands of the page, run in `where`; returns the backtest's out folder."""
    commands = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(commands)], cwd=where, check=True)
    return where / "out/core5/backtest"


def frozen(dataset: Path, window: Window) -> list[Alarm]:
    """The stages in memory; the baseline is learned once, before the window, and never again."""
    from benchmarks.detection import Stages, load

    os.environ["PRECALL_SOURCES__KPIS"] = str(dataset / "kpis.toml")
    detection = configuration.load(dataset / "precall.toml").detection
    outcome = Stages(load(dataset), window, detection, learn_days=3650).run()
    owner = {d: i.incident_id for i in outcome.results.incidents for d in i.degradation_ids}
    return [
        Alarm(d.detected_at, d.base_object, int(d.dimension.removeprefix("if=Gi") or 0), owner.get(d.degradation_id, ""))
        for d in outcome.results.degradations
        if d.affects_service
    ]


def told(figure: Figure, unit: str = "") -> str:
    if figure.value is None:
        return "-"
    low, high = ("?" if side is None else f"{side:.3g}" for side in (figure.low, figure.high))
    return f"{figure.value:.3g}{unit} ({low} to {high})"


def kinds_table(verdicts: Mapping[str, Verdict], trace: Mapping[Event, bool]) -> list[str]:
    first = next(iter(verdicts.values()))
    lines = [
        f"| kind | events | with a trace | {' | '.join(verdicts)} |", "|---|---:|---:|" + "---|" * len(verdicts),
    ]  # fmt: skip
    rows = [(kind, [e for e in first.events if e.kind == kind]) for kind in sorted({e.kind for e in first.events})]
    rows += [("**with a trace**", [e for e in first.events if trace[e]])]
    rows += [("**without an idle port**", [e for e in first.events if "idle" not in e.kind])]
    rows += [("**all**", list(first.events))]
    for kind, own in rows:
        found = " | ".join(told(v.recall(own)) for v in verdicts.values())
        lines.append(f"| {kind} | {len(own)} | {sum(trace[e] for e in own)} | {found} |")
    return lines


def raised_table(verdicts: Mapping[str, Verdict]) -> list[str]:
    lines = ["| | " + " | ".join(verdicts) + " |", "|---|" + "---|" * len(verdicts)]

    def row(name: str, cells: Sequence[str]) -> None:
        lines.append(f"| {name} | {' | '.join(cells)} |")

    every = list(verdicts.values())
    for what, counted in (("degradations", Verdict.counted), ("incidents", Verdict.incidents)):
        row(f"{what} in no event's time, a day", [told(rate(counted(v)["never"], v.days)) for v in every])
        for place in ("own", "elsewhere"):
            row(f"{what} on {place} node of an event", [f"{counted(v)[place]:,}" for v in every])
    row("incidents opened in no event's time, a day", [told(rate(v.opened_for_nothing, v.days)) for v in every])
    row(
        "port named, of events that have one",
        [told(v.on_port([e for e in v.events if "idle" not in e.kind])) for v in every],
    )
    row("delay, median", [told(quantile(v.delays, 0.5), " s") for v in every])
    row("delay, 90th percentile", [told(quantile(v.delays, 0.9), " s") for v in every])
    return lines


def report(ways: Mapping[str, Sequence[Alarm]], split: str = "eval") -> str:
    """The page of figures."""
    test, train = core.minutes(split), core.minutes("train")
    chosen = core.events(split)
    trace = dict(zip(chosen, core.traced(train, test, chosen), strict=True))
    days = len(test.at) / 1440
    ways = {**ways, "three sigma on every series": core.three_sigma(train, test)}
    text = [
        "# A packet core by the minute", "",
        "Written by `.venv/bin/python -m benchmarks.core_minute`; see [the page](../../docs/how-to/core-minute.md).",
        f"{len(chosen)} events in {len(test.at):,} measured minutes ({days:.2f} days), {int(test.quiet.sum()):,}",
        "of them more than four minutes after an event. Intervals are 95 %.",
    ]  # fmt: skip
    for slack in SLACK_S:
        verdicts = {name: Verdict(chosen, alarms, slack, days) for name, alarms in ways.items()}
        text += ["", f"## Detected from the first minute to {slack // 60} min after the last", ""]
        text += [*kinds_table(verdicts, trace), "", *raised_table(verdicts)]
    return "\n".join(text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scored", type=Path, help="out folder of a backtest that has run")
    args = parser.parse_args()
    out = args.scored or follow_page(ROOT)
    at = core.minutes("eval").at
    alone = frozen(out.parent, Window(int(at[0]), int(at[-1]) + MINUTE_S))
    text = report({"precall backtest, learning daily": core.alarms_of(out), "learning on train alone": alone})
    TARGET.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
