"""Two backtests side by side: each figure there and here, whether chance alone explains the difference, and the incidents
that only one of them has."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from detector.backtest.cards import CARDS, PER_CELL_WEEKS, Card
from detector.backtest.output_files import suppression_in
from detector.domain.errors import Misconfigured
from detector.domain.incident import Incident
from detector.domain.window import utc
from detector.labels.quantities import counted, rough_number

LEVEL = 0.05
"""A difference is one if chance brings it more rarely than this. Chosen: the intervals are of 95 %, too."""
_LISTED = 12
"""Incidents named on either side. Chosen: a screen."""


@dataclass(frozen=True)
class Earlier:
    """What another backtest left behind: its summary and the rows of its incidents.csv."""

    name: str
    figures: Mapping[str, Any]
    incidents: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of both, as text; `said`: better, worse, the same, within chance, or too few to decide; of incidents, which
    may be right or wrong, more or fewer."""

    title: str
    before: str
    after: str
    said: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`gone` and `new`: incidents (id, root, opened) that only the other one has, and only this one; of the same window."""

    name: str
    summary: str
    warnings: tuple[str, ...]
    rows: tuple[Difference, ...]
    gone: tuple[tuple[str, str, str], ...] = ()
    new: tuple[tuple[str, str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        differ = {row.title: {"there": row.before, "here": row.after, "said": row.said} for row in self.rows}
        return {"name": self.name, "figures": differ, "gone": [g[0] for g in self.gone], "new": [n[0] for n in self.new]}


def read_earlier(place: Path) -> Earlier:
    """The results in the folder `place` (or beside a summary.json). Raises Misconfigured if there are none."""
    folder = place.parent if place.name == "summary.json" else place
    summary, mend = folder / "summary.json", "name the --out folder of an earlier backtest"
    try:
        figures = json.loads(summary.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Misconfigured("there is no such result", where=f"--against {summary}", mend=mend) from error
    except (OSError, ValueError) as error:
        raise Misconfigured("this is no result of a backtest", where=f"--against {summary}", mend=mend) from error
    if not isinstance(figures, dict) or "settings_hash" not in figures:
        raise Misconfigured("this is no result of a backtest", where=f"--against {summary}", mend=mend)
    rows: list[Mapping[str, str]] = []
    if (folder / "incidents.csv").is_file():
        with (folder / "incidents.csv").open(encoding="utf-8", newline="") as table:
            rows = list(csv.DictReader(table))
    return Earlier(folder.as_posix(), figures, tuple(rows))


def compare(earlier: Earlier, figures: Mapping[str, Any], incidents: Iterable[Incident]) -> Comparison:
    """Both are taken as independent: of the same days they are not, which makes the test conservative."""
    there = earlier.figures
    found = [*(_difference(card, there, figures) for card in CARDS), _incident_rate(there, figures)]
    rows = tuple(row for row in found if row is not None)
    same = (there.get("from"), there.get("to")) == (figures["from"], figures["to"])
    gone, new = _apart(earlier.incidents, tuple(incidents)) if same else ((), ())
    better = sum(row.said == "better" for row in rows)
    worse = sum(row.said == "worse" for row in rows)
    said = (
        f"Of {counted(len(rows), 'figure')} known on both sides, {better} got better and {worse} worse by more than chance."
    )
    if not rows:
        said = "No figure is known on both sides."
    if same:
        said += f" {counted(len(gone), 'incident')} of there {_are(gone)} gone, {len(new)} {_are(new)} new."
    return Comparison(
        name=earlier.name,
        summary=said,
        warnings=tuple(_warnings(there, figures, same=same)),
        rows=rows,
        gone=gone[:_LISTED],
        new=new[:_LISTED],
    )


def _are(ones: Sequence[object]) -> str:
    return "is" if len(ones) == 1 else "are"


def _warnings(there: Mapping[str, Any], here: Mapping[str, Any], *, same: bool) -> Iterable[str]:
    if there.get("settings_hash") == here["settings_hash"]:
        yield "The settings are the same; only the data, the window, the catalogue or the version can differ."
    if not same:
        span = f"{_minute(there.get('from'))} to {_minute(there.get('to'))}" if there.get("from") else "a window not known"
        yield (
            f"The other window: {span} there, {_minute(here['from'])} to {_minute(here['to'])} here. Rates and shares "
            "compare, counts do not, and other days have other faults."
        )
    if there.get("cells") != here["cells"]:
        yield f"Another network: {counted(int(there.get('cells') or 0), 'cell')} there, {here['cells']:,} here."


def _minute(text: Any) -> str:
    return str(text).replace("T", " ").removesuffix(":00Z")


def _difference(card: Card, there: Mapping[str, Any], here: Mapping[str, Any]) -> Difference | None:
    before, after = there.get(card.key), here[card.key]
    if not isinstance(before, dict) or before.get("value") is None or after["value"] is None:
        return None
    unlikely = _unlikely(card, before, after, _exposure(there), _exposure(here))
    if before["value"] == after["value"]:
        said = "the same"
    elif unlikely is None:
        said = "too few to say"
    elif not unlikely:
        said = "within chance"
    else:
        said = "better" if (after["value"] > before["value"]) == (card.better == "more") else "worse"
    return Difference(card.title, card.shown(before["value"]), card.shown(after["value"]), said)


def _incident_rate(there: Mapping[str, Any], here: Mapping[str, Any]) -> Difference | None:
    """What can be compared without any truth."""
    if "seen" not in there or min(_exposure(there), _exposure(here)) <= 0:
        return None
    counts = [int(one["seen"]["incidents"]) for one in (there, here)]
    before, after = (count / _exposure(one) for count, one in zip(counts, (there, here), strict=True))
    said = "the same" if before == after else "within chance"
    if _rates_differ(counts, _exposure(there), _exposure(here)):
        said = "more" if after > before else "fewer"
    return Difference(f"Incidents {PER_CELL_WEEKS}", rough_number(before), rough_number(after), said)


def _rates_differ(counts: Sequence[int], exposed_before: float, exposed_after: float) -> bool:
    if not sum(counts):
        return False
    share = exposed_after / (exposed_before + exposed_after)
    return bool(stats.binomtest(counts[1], sum(counts), share).pvalue < LEVEL)


def _exposure(figures: Mapping[str, Any]) -> float:
    """In 1,000 cells and weeks."""
    return float(figures.get("cells") or 0) / 1000 * float(figures.get("days") or 0) / 7


def _unlikely(
    card: Card, before: Mapping[str, Any], after: Mapping[str, Any], exposed_before: float, exposed_after: float
) -> bool | None:
    """Chance alone would bring this difference in fewer than LEVEL of all cases; None = too few to decide.

    Shares by Fisher's exact test, rates by the binomial test of the events of one side among both (Przyborowski and
    Wilenski, 1940), others by intervals that do not overlap, which is stricter.
    """
    counts = before["count"], after["count"]
    if card.kind == "share" and all(counts):
        hits = [round(one["value"] * one["count"]) for one in (before, after)]
        table = [[hit, count - hit] for hit, count in zip(hits, counts, strict=True)]
        return bool(stats.fisher_exact(np.array(table)).pvalue < LEVEL)
    if card.kind == "rate" and exposed_before > 0 and exposed_after > 0:
        return _rates_differ(counts, exposed_before, exposed_after)
    bounds = before["low"], before["high"], after["low"], after["high"]
    if any(bound is None for bound in bounds):
        return None
    return bool(bounds[1] < bounds[2] or bounds[3] < bounds[0])


def _apart(
    there: Sequence[Mapping[str, str]], here: Sequence[Incident]
) -> tuple[tuple[tuple[str, str, str], ...], tuple[tuple[str, str, str], ...]]:
    """Incidents, merged ones left out, whose id only one side has. An id is made of the object, the family and the first bad
    period, so the same trouble has the same id."""
    before = {
        row["incident_id"]: (row["incident_id"], f"{row['root_kind']} {row['root_id']}", _minute(row["opened_at"]))
        for row in there
        if suppression_in(row.get("suppressed_reason", ""))[1] is None
    }
    after = {
        i.incident_id: (i.incident_id, f"{i.root_kind} {i.root_id}", f"{utc(i.opened_at):%Y-%m-%d %H:%M}")
        for i in here
        if i.merged_into is None
    }
    gone = tuple(one for name, one in before.items() if name not in after)
    return gone, tuple(one for name, one in after.items() if name not in before)
