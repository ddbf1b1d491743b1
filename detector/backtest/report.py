"""`report.html`: one self-contained page that shows what the replay found, missed and cost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape

from detector.backtest.comparison import Comparison
from detector.backtest.diagrams import TimelineSpan, calibration_plot, local_time, timeline
from detector.backtest.headlines import headlines, unmeasured, verdict
from detector.backtest.incident_views import IncidentView, IncidentViews, end_of, gravity, why_missed
from detector.backtest.matching import Matches
from detector.backtest.overview import worst_cells
from detector.backtest.truth import Fault
from detector.domain.degradation import SEVERITIES
from detector.domain.incident import Incident
from detector.domain.window import Window
from detector.labels.quantities import rough_percent
from detector.labels.times import duration

CHARTS_BYTES = 3_500_000
"""Bytes of all plots, drawn for the most severe incidents first. Chosen: the page opens on a phone."""
WORST_CELLS = 10
"""Rows of that table. Chosen: a page of a phone."""
MOST_NAMES = 4
"""Names of a list in a sentence. Chosen: a line."""
SECTIONS = 200
"""Incidents with a section of their own; the rest are in incidents.csv. Chosen: nobody reads more."""


def render(matches: Matches, figures: Mapping[str, Any], compared: Comparison | None = None) -> str:
    """The whole page as HTML, under 5 MB, without any outside resource. `figures`: of `figures.summarise`."""
    results = matches.results
    zone = ZoneInfo(results.timezone)
    views = incident_views(matches)
    return _template().render(
        title=f"Backtest, {_days(results.window, zone)}",
        results=results,
        figures=figures,
        verdict=verdict(figures),
        headlines=headlines(figures),
        unmeasured=unmeasured(figures),
        compared=compared,
        worst=worst_cells(results)[:WORST_CELLS],
        window=f"{_local_instant(results.window.start, zone)} to {_local_instant(results.window.end, zone)}",
        timeline=timeline(results.window, _groups(matches), results.timezone),
        views=views,
        gravest={v.incident.incident_id for v in sorted(views, key=lambda v: gravity(results, v.incident))[:3] if v.charts},
        plotted=sum(bool(v.charts) for v in views),
        severities=SEVERITIES[::-1],
        missed=_missed(matches, zone),
        neither=_unfelt(matches),
        by_kind=[
            (k, f["value"], round(f["value"] * f["count"]), f["count"]) for k, f in (figures["recall_by_kind"] or {}).items()
        ],
        calibration=figures["calibration"]["tenths"] and calibration_plot(figures["calibration"]["tenths"]),
        reports=[made for made in results.reports if made.rows],
        findings=sorted(results.findings, key=lambda f: -f.count),
    )


def incident_views(matches: Matches) -> list[IncidentView]:
    """The most severe SECTIONS incidents in order of time, with plots for the worst of them as far as CHARTS_BYTES goes."""
    builder, bytes_left = IncidentViews(matches), CHARTS_BYTES
    views = []
    for incident in sorted(matches.results.incidents, key=lambda i: gravity(matches.results, i))[:SECTIONS]:
        view = builder.view(incident, charts=bytes_left > 0)
        bytes_left -= sum(map(len, view.charts))
        views.append(view if bytes_left > 0 else replace(view, charts=()))
    return sorted(views, key=lambda v: (v.incident.opened_at, v.incident.incident_id))


def _groups(matches: Matches) -> list[list[TimelineSpan]]:
    """Each fault of the replay with its incidents in one group; incidents of no fault alone."""
    window, zone = matches.results.window, ZoneInfo(matches.results.timezone)
    shown = [f for f in matches.truth.faults or () if f.window.overlaps(window)]
    groups = {f.fault_id: [_fault_span(matches, f, zone)] for f in shown}
    alone = []
    for incident in sorted(matches.results.incidents, key=lambda i: i.opened_at):
        own = [f for f in sorted(matches.faults_of_incident[incident.incident_id]) if f in groups]
        groups[own[0]].append(_incident_span(incident, window, zone)) if own else alone.append(
            [_incident_span(incident, window, zone)]
        )
    return [*groups.values(), *alone]


def _fault_span(matches: Matches, fault: Fault, zone: ZoneInfo) -> TimelineSpan:
    kind = "fault" if fault.fault_id in matches.found else "missed"
    when = f"{local_time(fault.window.start, zone)}, {duration(fault.window.seconds)}"
    tip = f"Fault {fault.fault_id}: {fault.kind} on {', '.join(o for o, _ in fault.scopes[:5])}; {when}"
    return TimelineSpan(fault.window, kind if fault.customer_affecting else "unfelt", tip)


def _incident_span(incident: Incident, window: Window, zone: ZoneInfo) -> TimelineSpan:
    end = end_of(incident, window.end)
    what = f"{incident.severity} {incident.kind} on {incident.root_kind} {incident.root_id}"
    tip = f"{what}, {local_time(incident.opened_at, zone)}"
    return TimelineSpan(
        Window(incident.opened_at, max(end, incident.opened_at)), incident.severity, tip, incident.incident_id
    )


def _missed(matches: Matches, zone: ZoneInfo) -> list[Mapping[str, str]]:
    missed = [f for f in matches.faults if f.fault_id not in matches.found]
    complaints = matches.complaints_of or {}
    return [
        {
            "id": f.fault_id,
            "kind": f.kind,
            "objects": _some([o for o, _ in f.scopes]),
            "began": local_time(f.window.start, zone),
            "lasted": duration(f.window.seconds),
            "complaints": str(len(complaints.get(f.fault_id, ()))) if matches.complaints_of is not None else "",
            "why": why_missed(matches, f),
        }
        for f in missed
    ]


def _unfelt(matches: Matches) -> int:
    """Degradations that count neither way."""
    return sum(v is None for v in matches.degradation_judgements.values())


def _days(window: Window, zone: ZoneInfo) -> str:
    first, last = _day(window.start, zone), _day(window.end - 1, zone)
    return first if first == last else f"{first} to {last}"


def _local_instant(at: int, zone: ZoneInfo) -> str:
    return f"{local_time(at, zone)} {datetime.fromtimestamp(at, zone):%Z}"


def _day(at: int, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(at, zone)
    return f"{local.day} {local:%B %Y}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("detector.backtest"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=rough_percent, duration=duration)
    return environment.get_template("report.html")
