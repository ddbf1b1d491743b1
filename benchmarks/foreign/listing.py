"""What a developer reads of one operator: figures, recall by kind, every false degradation and every missed fault."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.foreign.prepared import Prepared
from benchmarks.foreign.reasons import nearby, reason
from detector.backtest.intervals import rate, share
from detector.backtest.matching import Matches
from detector.backtest.summary import delays_s, incidents_of, incidents_per_fault
from detector.backtest.truth import Fault
from detector.domain.degradation import Degradation

Summary = Mapping[str, Any] | None
Scored = tuple[Prepared, Matches, Summary]


def wrong(matches: Matches) -> list[Degradation]:
    """False degradations in order of detection."""
    own = matches.degradation_judgements
    return sorted(
        (d for d in matches.results.degradations if own[d.degradation_id] is False),
        key=lambda d: (d.detected_at, d.object_id),
    )


def sharp_delays(one: Prepared, matches: Matches) -> list[float]:
    """Minutes, of the found faults that are neither mild nor drifts."""
    own, found = [f for f in matches.faults if _sharp(f)], matches.found
    return sorted((found[f.fault_id][0].detected_at - f.window.start) / 60 for f in own if f.fault_id in found)


def _sharp(fault: Fault) -> bool:
    return fault.severity != "mild" and fault.kind != "drift"


def figures(one: Prepared, matches: Matches, summary: Summary) -> str:
    """One line."""
    faults, false = matches.faults, wrong(matches)
    hit = [f for f in faults if f.fault_id in matches.found]
    strong, strong_hit = [f for f in faults if _sharp(f)], [f for f in hit if _sharp(f)]
    delays, exposure = sharp_delays(one, matches), matches.results.thousand_cell_weeks
    parts = [
        f"{one.scenario.name}: {matches.results.cells} cells, {one.scenario.period_s} s, {one.scenario.timezone}",
        f"found {len(hit)} of {len(faults)} (sharp {len(strong_hit)} of {len(strong)})",
        f"false {len(false)} = {len(false) / exposure:.0f} per 1,000 cells a week",
        f"delay {_quantile(delays, 0.5)}, {_quantile(delays, 0.9)} min",
        f"incidents a fault {_number(incidents_per_fault(matches).value)}",
        f"in works {_in_works(one, matches)}",
    ]
    if summary is not None:
        parts += [
            f"false care alerts {_value(summary, 'false_care_alerts_per_1000_cells_week')}",
            f"held-out {_value(summary, 'held_out_false_per_1000_cells_week')}",
            f"contact precision {_value(summary, 'contact_precision')}",
            "listed at 0.5 by false incidents {} of {}".format(*listed(matches)),
        ]
    return "; ".join(parts)


def listed(matches: Matches) -> tuple[int, int]:
    """People listed with probability 0.5 or more by false incidents, and by all that count either way; each person once an
    incident, as in `detector.backtest.foresight.contact_precision`."""
    rows = [item.affected for item in matches.results.listings if item.affected.probability >= 0.5]
    pairs = {(a.incident_id, a.subscriber): matches.incident_judgements.get(a.incident_id) for a in rows}
    return sum(v is False for v in pairs.values()), sum(v is not None for v in pairs.values())


def kinds(matches: Matches) -> Iterator[str]:
    """Recall by kind, mild and sharp apart, with the delays."""
    groups: dict[tuple[str, str], list[Fault]] = {}
    for fault in matches.faults:
        groups.setdefault((fault.kind, fault.severity), []).append(fault)
    yield "\nkind            size    found  delays (min)"
    for (kind, size), own in sorted(groups.items()):
        hit = [f for f in own if f.fault_id in matches.found]
        late = sorted((matches.found[f.fault_id][0].detected_at - f.window.start) // 60 for f in hit)
        yield f"{kind:15} {size:6} {len(hit):3} of {len(own):<3} {' '.join(map(str, late))}"
    for fault in matches.faults:
        if len(own_incidents := incidents_of(matches, fault.fault_id)) > 1:
            yield f"in {len(own_incidents)} incidents: {fault.fault_id} {fault.kind} of {_scope(fault)}"


def falses(one: Prepared, matches: Matches) -> Iterator[str]:
    """Every false degradation, one line each, by reason; core functions before cells."""
    own = [(reason(one, matches, d), d) for d in wrong(matches)]
    counts = Counter(name for name, _ in own)
    yield f"\nFALSE: {len(own)}  " + ", ".join(f"{name} {n}" for name, n in counts.most_common())
    zone = ZoneInfo(one.scenario.timezone)
    for name, d in sorted(own, key=lambda row: (-counts[row[0]], row[0], row[1].detected_at)):
        judged = matches.incident_judgements.get(matches.results.incident_of.get(d.degradation_id, ""))
        incident = {True: "in a true incident", False: "false incident", None: "no incident"}[judged]
        yield (
            f"{name:16} {d.object_id:10} {d.kind:14} {d.kpi:14} {d.severity:8} since {_local(d.started_at, zone)}"
            f" +{(d.detected_at - d.started_at) // 60:>4} min  {d.periods:>3} periods  p {d.neg_log10_p:6.1f}"
            f"  {d.observed:.4g} for {d.expected:.4g}  of {d.denominator:.0f}; {incident}; {nearby(one, matches, d)}"
        )


def missed(one: Prepared, matches: Matches) -> Iterator[str]:
    """Every fault that nothing matches."""
    own = [f for f in matches.faults if f.fault_id not in matches.found]
    yield f"\nMISSED: {len(own)}"
    zone = ZoneInfo(one.scenario.timezone)
    for f in own:
        hit = one.hits.get(f.fault_id, {})
        cell = one.cells.get(f.scopes[0][0], {})
        size = (
            f"extra {hit['extra']} of {hit['process']}" if hit.get("extra") else f"reports: {hit.get('silent') or 'outage'}"
        )
        yield (
            f"{f.fault_id} {f.kind:10} {f.severity:5} {_scope(f):22} {_local(f.window.start, zone)}"
            f" for {f.window.seconds / 3600:.1f} h  {size}; {cell.get('shape', 'core')}, job {cell.get('job', '-')},"
            f" {cell.get('attempts', '-')} attempts a quarter of an hour on average{_events_at(one, f)}"
        )


def _events_at(one: Prepared, fault: Fault) -> str:
    scopes = {o for o, _ in fault.scopes} | {o.split("-")[0] for o, _ in fault.scopes}
    kinds_at = {e.kind for e in one.events if e.window.overlaps(fault.window) and (e.scope[1] in scopes | {"*"})}
    return f"; during {', '.join(sorted(kinds_at))}" if kinds_at else ""


def _scope(fault: Fault) -> str:
    names = sorted({o for o, _ in fault.scopes})
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1}"


def summed(scored: Sequence[Scored]) -> Iterator[str]:
    """All operators together, with 95 % intervals."""
    matches = [m for _, m, _ in scored]
    faults = [(f, f.fault_id in m.found) for m in matches for f in m.faults]
    found = share(sum(hit for _, hit in faults), len(faults))
    strong = [hit for f, hit in faults if _sharp(f)]
    false = rate(sum(len(wrong(m)) for m in matches), sum(m.results.thousand_cell_weeks for m in matches))
    delays = sorted(d for one, m, _ in scored for d in sharp_delays(one, m))
    yield f"\nALL {len(scored)} operators: recall {_figure(found)}, sharp {_figure(share(sum(strong), len(strong)))},"
    yield f"  false per 1,000 cells a week {_figure(false)},"
    yield f"  delay of sharp faults {_quantile(delays, 0.5)}, {_quantile(delays, 0.9)} min (all: {_all_delays(matches)}),"
    reasons = Counter(reason(one, m, d) for one, m, _ in scored for d in wrong(m))
    yield "  false by reason: " + ", ".join(f"{name} {n}" for name, n in reasons.most_common())
    lost = Counter(f"{f.kind} {f.severity}" for f, hit in faults if not hit)
    yield "  missed: " + ", ".join(f"{name} {n}" for name, n in lost.most_common())
    if all(s is not None for _, _, s in scored):
        pairs = [listed(m) for m in matches]
        yield f"  listed at 0.5 by false incidents {sum(p[0] for p in pairs)} of {sum(p[1] for p in pairs)}"


def _all_delays(matches: Sequence[Matches]) -> str:
    own = sorted(d / 60 for m in matches for d in delays_s(m))
    return f"{_quantile(own, 0.5)}, {_quantile(own, 0.9)}"


def _figure(figure: Any) -> str:
    low, high = _number(figure.low), _number(figure.high)
    return f"{_number(figure.value)} ({low} to {high}, n = {figure.count})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _value(summary: Mapping[str, Any], name: str) -> str:
    own = summary[name]
    return f"{_number(own['value'])} ({_number(own['low'])} to {_number(own['high'])})"


def _quantile(ordered: Sequence[float], q: float) -> str:
    return f"{ordered[min(int(q * len(ordered)), len(ordered) - 1)]:.0f}" if ordered else "-"


def _in_works(one: Prepared, matches: Matches) -> int:
    works = {name for name, row in one.hits.items() if row["works"] == "1"}
    return sum(bool(own) and own <= works for own in matches.faults_of.values())


def _local(at: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, zone).strftime("%a %d %H:%M")
