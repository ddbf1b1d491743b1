"""The core of five nodes by the minute: which of the labelled events are found, where, how soon, and what else is raised.

    .venv/bin/python -m benchmarks.studies.core_minute

makes the dataset as docs/how-to/core-minute.md says and replays the stages in memory, with a baseline that has seen the
`train` tables alone. Beside it: a plain three-sigma rule on the same minutes, and how many of the events leave any trace in
the tables at all. --backtest adds the page's own `precall backtest`, which learns anew every day (half an hour).
"""

import argparse
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.studies import core_events as core
from benchmarks.studies.core_events import MINUTE_S, ROOT, Alarm, Event, Verdict
from detector import settings as configuration
from detector.backtest.intervals import Figure, quantile, rate
from detector.domain.window import Window

PAGE = ROOT / "docs" / "how-to" / "core-minute.md"
TARGET = ROOT / "benchmarks" / "results" / "core_minute.md"
SLACK_S = (60, 300, 3_600)
"""After an event's last minute a detection still counts for so long; the last is the contract's."""


def follow_page(where: Path, blocks: int) -> Path:
    """The first commands of the page, run in `where`; returns the dataset that they make."""
    commands = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(commands[:blocks])], cwd=where, check=True)
    return where / "out/core5"


def frozen(dataset: Path, window: Window) -> list[Alarm]:
    """The stages in memory; the baseline is learned once, before the window, and never again."""
    from benchmarks.quality.detection import Stages, load

    os.environ["PRECALL_SOURCES__KPIS"] = str(dataset / "kpis.toml")
    detection = configuration.load(dataset / "precall.toml").detection
    outcome = Stages(load(dataset), window, detection, learn_days=3650).run()
    owner = {d: i.incident_id for i in outcome.results.incidents for d in i.degradation_ids}
    return [
        Alarm(d.detected_at, d.base_object, int(d.dimension.removeprefix("if=Gi") or 0), owner.get(d.degradation_id, ""))
        for d in outcome.results.degradations
        if d.affects_service
    ]


def notified(figure: Figure, unit: str = "") -> str:
    if figure.value is None:
        return "-"
    low, high = ("?" if side is None else f"{side:.3g}" for side in (figure.low, figure.high))
    return f"{figure.value:.3g}{unit} ({low} to {high})"


def kinds_table(verdicts: Mapping[str, Verdict], trace: Mapping[Event, bool]) -> list[str]:
    first = next(iter(verdicts.values()))
    lines = [f"| kind | events | with a trace | {' | '.join(verdicts)} |", "|---|---:|---:|" + "---|" * len(verdicts)]
    rows = [(kind, [e for e in first.events if e.kind == kind]) for kind in sorted({e.kind for e in first.events})]
    rows += [("**with a trace**", [e for e in first.events if trace[e]])]
    rows += [("**without an idle port**", [e for e in first.events if "idle" not in e.kind])]
    rows += [("**all**", list(first.events))]
    for kind, own in rows:
        found = " | ".join(notified(v.recall(own)) for v in verdicts.values())
        lines.append(f"| {kind} | {len(own)} | {sum(trace[e] for e in own)} | {found} |")
    return lines


def raised_table(verdicts: Mapping[str, Verdict], calendar: float) -> list[str]:
    """What was raised, by whether an event was going on; rates are by days of measured minutes unless it says otherwise."""
    every = list(verdicts.values())
    grouped = [v if any(a.incident for a in v.alarms) else None for v in every]
    named = [[e for e in v.events if "idle" not in e.kind] for v in every]
    rows = {
        "degradations in no event's time, a day": [notified(rate(v.counted()["never"], v.days)) for v in every],
        "... just before an event's label, on its node": [f"{v.counted()['early']:,}" for v in every],
        "... on the node of an event": [f"{v.counted()['own']:,}" for v in every],
        "... in an event's time, on another node": [f"{v.counted()['elsewhere']:,}" for v in every],
        "incidents opened in no event's time, a day": [
            notified(rate(v.opened()["never"], v.days)) if v else "-" for v in grouped
        ],
        "... a calendar day": [notified(rate(v.opened()["never"], calendar)) if v else "-" for v in grouped],
        "incidents opened just before an event's label": [f"{v.opened()['early']:,}" if v else "-" for v in grouped],
        "incidents with the node of an event": [f"{v.incidents()['own']:,}" if v else "-" for v in grouped],
        "... in an event's time, on other nodes": [f"{v.incidents()['elsewhere']:,}" if v else "-" for v in grouped],
        "port named, of events of a busy port": [notified(v.on_port(own)) for v, own in zip(every, named, strict=True)],
        "delay, median": [notified(quantile(v.delays, 0.5), " s") for v in every],
        "delay, 90th percentile": [notified(quantile(v.delays, 0.9), " s") for v in every],
    }
    head = ["| | " + " | ".join(verdicts) + " |", "|---|" + "---|" * len(verdicts)]
    return head + [f"| {name.strip()} | {' | '.join(cells)} |" for name, cells in rows.items()]


def report(ways: Mapping[str, Sequence[Alarm]], split: str = "eval") -> str:
    """The page of figures."""
    test, train = core.minutes(split), core.minutes("train")
    chosen = core.events(split)
    trace = dict(zip(chosen, core.traced(train, test, chosen), strict=True))
    days, calendar = len(test.at) / 1440, float(test.at[-1] + MINUTE_S - test.at[0]) / 86_400
    ways = {**ways, "three sigma on every series": core.three_sigma(train, test)}
    text = [
        "# A packet core by the minute",
        "",
        "Written by `.venv/bin/python -m benchmarks.studies.core_minute`; see [the page](../../docs/how-to/core-minute.md).",
        f"{len(chosen)} events. The tables leave out two minutes before and after each: {len(test.at):,} minutes are",
        f"measured, {days:.2f} days out of {calendar:.2f} on the calendar, {int(test.quiet.sum()):,} of them later than",
        "four minutes after an event. What shows in the last minute before those two, on the node whose label follows,",
        "is told apart: just before. Intervals are 95 %. With a trace: who is told the event's node and minutes, and",
        "takes the most unusual of the node's series, sees more than in 19 of 20 quiet stretches of that length.",
    ]
    for slack in SLACK_S:
        verdicts = {name: Verdict(chosen, alarms, slack, days) for name, alarms in ways.items()}
        text += ["", f"## Detected from the first minute to {slack // 60} min after the last", ""]
        text += [*kinds_table(verdicts, trace), "", *raised_table(verdicts, calendar)]
    return "\n".join(text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backtest", action="store_true", help="run the page's backtest, too")
    args = parser.parse_args()
    dataset = follow_page(ROOT, blocks=3 if args.backtest else 2)
    at = core.minutes("eval").at
    ways = {"learning on train alone": frozen(dataset, Window(int(at[0]), int(at[-1]) + MINUTE_S))}
    if args.backtest:
        ways["backtest, learning daily"] = core.alarms_of(dataset / "backtest")
    text = report(ways)
    TARGET.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
