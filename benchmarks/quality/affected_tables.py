"""What is read off a backtest's lists of people: by incident, by kind of fault, what was missed and why."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from detector.backtest.foresight import AHEAD_S, CONTACT_ABOVE, LOOKUP_ABOVE, judged_complaints
from detector.backtest.intervals import share
from detector.backtest.matching import Matches
from detector.backtest.truth import Complaint
from detector.domain.impact import Listing
from detector.sources.dataset import OperatorDataset

WHY = ("foreseen", "fault not found", "found too late", "never listed", "delisted", "under 0.1")


class Judged(Protocol):
    """One operator's lists beside its truth; `affected`: incident -> sum and interval as last assessed, `affected_first` as
    at opening (empty if not kept); `summary` as in summary.json."""

    @property
    def dataset(self) -> Path: ...

    @property
    def source(self) -> OperatorDataset: ...

    @property
    def matches(self) -> Matches: ...

    @property
    def affected(self) -> Mapping[str, tuple[float, float, float]]: ...

    @property
    def affected_first(self) -> Mapping[str, tuple[float, float, float]]: ...

    @property
    def summary(self) -> Mapping[str, Any]: ...


def incident_table(judged: Judged) -> Iterator[str]:
    """Per incident that matches a fault: how many were said to suffer and did, at opening and at the end."""
    matches, sufferers = judged.matches, judged.matches.truth.sufferers or {}
    rows: dict[str, list[Listing]] = defaultdict(list)
    for row in matches.results.listings:
        rows[row.incident_id].append(row)
    yield f"{'incident':21}{'fault':18}{'opening: said':>14}{'did':>6}{'end: said':>11}{'did':>6}{'all':>6}  interval"
    for incident in matches.results.incidents:
        faults = matches.faults_of_incident[incident.incident_id]
        if matches.incident_judgements[incident.incident_id] is None or not faults or not rows[incident.incident_id]:
            continue
        hurt = frozenset().union(*(sufferers.get(f, frozenset()) for f in faults))
        kinds = "+".join(sorted({matches.truth.fault[f].kind for f in faults}))
        first = min(r.listed_at for r in rows[incident.incident_id])
        opening = [r for r in rows[incident.incident_id] if r.listed_at == first]
        last = [r for r in rows[incident.incident_id] if r.delisted_at is None]
        said, low, high = judged.affected.get(incident.incident_id, (0.0, 0.0, 0.0))
        yield (
            f"{incident.incident_id:21}{kinds:18}{_said(opening):14.0f}{_did(opening, hurt):6}"
            f"{_said(last):11.0f}{_did(last, hurt):6}{len(hurt):6}  {said:.0f} ({low:.0f} to {high:.0f})"
        )


def _said(rows: Sequence[Listing]) -> float:
    return sum(r.probability for r in rows)


def _did(rows: Sequence[Listing], hurt: frozenset[str]) -> int:
    return sum(r.subscriber in hurt for r in rows)


def kind_table(all_judged: Sequence[Judged]) -> Iterator[str]:
    """Calibration by kind of fault, over every row of every list that belongs to incidents matching one fault."""
    pools: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for judged in all_judged:
        matches, sufferers = judged.matches, judged.matches.truth.sufferers or {}
        for row in matches.results.listings:
            faults = sorted(matches.faults_of_incident[row.incident_id])
            if not faults or matches.incident_judgements[row.incident_id] is not True:
                continue
            hit = any(row.subscriber in sufferers.get(f, ()) for f in faults)
            for kind in {"+".join(sorted({matches.truth.fault[f].kind for f in faults})), "all"}:
                pools[kind].append((row.probability, hit))
    yield f"{'kind':18}{'rows':>7}{'said':>7}{'did':>7}   said -> did by tenths of the probability (n)"
    for kind, pairs in sorted(pools.items()):
        said, did = np.array([p for p, _ in pairs]), np.array([h for _, h in pairs])
        tenth = np.minimum((said * 10).astype(int), 9)
        shares = " ".join(
            f"{said[tenth == t].mean():.2f}->{did[tenth == t].mean():.2f}({(tenth == t).sum()})"
            for t in range(10)
            if (tenth == t).any()
        )
        yield f"{kind:18}{len(said):7}{said.mean():7.2f}{did.mean():7.2f}   {shares}"


def missed_table(all_judged: Sequence[Judged]) -> Iterator[str]:
    """Why complaints were not foreseen, by kind of fault; `suffered`: senders of them who did suffer from that fault (who
    did not, calls for reasons of their own and cannot be foreseen)."""
    count: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for judged in all_judged:
        matches, hurt = judged.matches, judged.matches.truth.sufferers or {}
        lists: dict[str, list[Listing]] = defaultdict(list)
        for row in matches.results.listings:
            lists[row.subscriber].append(row)
        for complaint in judged_complaints(matches):
            why, own = _missed(matches, lists[complaint.subscriber], complaint), _faults_of(matches, complaint)
            kinds = "+".join(sorted({matches.truth.fault[f].kind for f in own}))
            for kind in (kinds, "all"):
                count[kind, why][0] += 1
                count[kind, why][1] += any(complaint.subscriber in hurt.get(f, ()) for f in own)
    yield f"{'complaints of':18}" + "".join(f"{why:>26}" for why in WHY) + "   (of them, suffered)"
    for kind in sorted({kind for kind, _ in count}):
        yield f"{kind:18}" + "".join("{:>18} ({:>3})".format(*count[kind, why]).rjust(26) for why in WHY)


def _missed(matches: Matches, rows: Sequence[Listing], complaint: Complaint) -> str:
    at, faults = complaint.at - AHEAD_S, _faults_of(matches, complaint)
    if any(row.known_at(at) and row.probability >= LOOKUP_ABOVE for row in rows):
        return "foreseen"
    found = [d for f in faults for d in matches.found.get(f, ())]
    if not found:
        return "fault not found"
    if min(d.detected_at for d in found) > at:
        return "found too late"
    own = [row for row in rows if matches.faults_of_incident[row.incident_id] & faults and row.listed_at <= at]
    if any(row.known_at(at) for row in own):
        return "under 0.1"
    return "delisted" if own else "never listed"


def _faults_of(matches: Matches, complaint: Complaint) -> frozenset[str]:
    return frozenset(
        f
        for f, own in (matches.complaints_of or {}).items()
        if matches.truth.fault[f].customer_affecting and any(c.contact_id == complaint.contact_id for c in own)
    )


def contact_table(all_judged: Sequence[Judged]) -> Iterator[str]:
    """People listed at CONTACT_ABOVE or more, once an incident as contact_precision counts them: who did not suffer, by what
    the incident was and by when and on what basis the person first reached it."""
    count: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for judged in all_judged:
        matches, hurt = judged.matches, judged.matches.truth.sufferers or {}
        opened: dict[str, int] = {}
        first: dict[tuple[str, str], Listing] = {}
        for row in sorted(matches.results.listings, key=lambda row: row.listed_at):
            opened.setdefault(row.incident_id, row.listed_at)
            if row.probability >= CONTACT_ABOVE and matches.incident_judgements.get(row.incident_id) is not None:
                first.setdefault((row.incident_id, row.subscriber), row)
        for (incident, who), row in first.items():
            faults = matches.faults_of_incident[incident]
            kind = "+".join(sorted({matches.truth.fault[f].kind for f in faults})) or "no fault"
            phase = f"{'opening' if row.listed_at == opened[incident] else 'later'}, {row.affected.basis}"
            for name in (kind, "all"):
                for part in (phase, "all"):
                    count[name, part][0] += 1
                    count[name, part][1] += not any(who in hurt.get(f, ()) for f in faults)
    parts = sorted({part for _, part in count})
    yield f"{'contacts':18}" + "".join(f"{part:>20}" for part in parts) + "   (did not suffer of all)"
    for name in sorted({name for name, _ in count}):
        yield f"{name:18}" + "".join(f"{count[name, part][1]:>12} of {count[name, part][0]:>4}" for part in parts)


def interval_table(all_judged: Sequence[Judged]) -> Iterator[str]:
    """Of incidents that match one fault and went on as no other's part: how often the interval of `affected` held those who
    suffered from that fault, at opening and as last assessed, on which side it failed, and how far off the sum was."""
    for phase in ("affected_first", "affected"):
        shares: list[tuple[float, float, float, int]] = []
        for judged in all_judged:
            matches, hurt = judged.matches, judged.matches.truth.sufferers or {}
            merged = {i.incident_id for i in matches.results.incidents if i.state == "merged"}
            for name, (said, low, high) in getattr(judged, phase).items():
                faults = matches.faults_of_incident[name]
                if matches.incident_judgements[name] is True and len(faults) == 1 and said and name not in merged:
                    shares.append((said, low, high, len(hurt.get(next(iter(faults)), ()))))
        if shares:
            said, low, high, did = np.array(shares).T
            off, held = np.log((said + 1) / (did + 1)), (low <= did) & (did <= high)
            wide, typical = np.median((high + 1) / (low + 1)), np.exp(np.median(np.abs(off)))
            yield (
                f"interval of {phase} held {held.sum()} of {len(did)}; more suffered {(did > high).sum()}; "
                f"high / low {wide:.1f}, off by {typical:.2f} times (medians), together by {np.exp(np.mean(off)):.2f}"
            )


def pooled(all_judged: Sequence[Judged]) -> Iterator[str]:
    """The summaries' shares over all operators together."""
    summaries = [judged.summary for judged in all_judged]
    for name in ("recall", "foresight", "foresight_all", "contact_precision", "contact_foresight"):
        own = [s[name] for s in summaries if s[name]["count"]]
        hits, count = sum(f["value"] * f["count"] for f in own), sum(f["count"] for f in own)
        figure = share(round(hits), count)
        yield f"{name:25}{figure.value} ({figure.low} to {figure.high}), n = {count}"
    rows = sum(s["calibration"]["count"] for s in summaries)
    error = sum(s["calibration"]["value"] * s["calibration"]["count"] for s in summaries) / rows
    yield f"{'calibration error':25}{error:.3f} over {rows} rows"
    tenths = [
        [s["calibration"]["tenths"][i] for s in summaries if s["calibration"]["tenths"][i]["count"]] for i in range(10)
    ]
    for own in filter(None, tenths):
        count = [t["count"] for t in own]
        said, did = (np.average([t[name] for t in own], weights=count) for name in ("probability", "value"))
        yield f"  listed {said:.2f}  suffered {did:.2f}  off {did - said:+.3f}  n = {sum(count)}"
