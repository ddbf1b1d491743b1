"""Every figure of `summary.json` (CONTRACTS section 4), from what was decided and what was true."""

from collections.abc import Callable, Mapping
from typing import Any

from detector.backtest.breach_forecast import breach_time_coverage, breach_time_error
from detector.backtest.clear_time import clear_time_coverage, clear_time_error
from detector.backtest.foresight import CONTACT_ABOVE, LOOKUP_ABOVE, calibration, contact_precision, foresight
from detector.backtest.intervals import UNKNOWN, Figure, mean, quantile, rate, share
from detector.backtest.matching import Matches
from detector.backtest.overview import overview
from detector.backtest.truth import Fault
from detector.domain.window import utc


def summarise(matches: Matches) -> dict[str, Any]:
    """The figures in the contract's order, ready for JSON; those after `found_without_alarm` are additions.

    A figure is {"value", "count", "low", "high"}, null = unknown: see `intervals.Figure`. Plain counts are numbers.
    """
    results = matches.results
    known = matches.truth.faults is not None
    figures: dict[str, Callable[[Matches], Figure]] = {
        "recall": recall,
        "precision": precision,
        "false_per_1000_cells_week": false_rate,
        "false_care_alerts_per_1000_cells_week": false_care_rate,
        "delay_median_s": lambda m: quantile(delays_s(m), 0.5),
        "delay_p90_s": lambda m: quantile(delays_s(m), 0.9),
        "lead_time_median_s": lead_time,
        "incidents_per_fault": incidents_per_fault,
        "found_without_alarm": found_without_alarm,
        "incident_precision": incident_precision,
        "found_before_first_complaint": found_before_first_complaint,
        "clear_time_error_median_s": clear_time_error,
        "clear_time_coverage": clear_time_coverage,
        "breach_time_error_median_s": breach_time_error,
        "breach_time_coverage": breach_time_coverage,
    }
    return {
        "settings_hash": results.settings_hash,
        "cells": results.cells,
        "days": round(results.days, 4),
        "faults": len(matches.faults) if known else None,
        "degradations": len(results.degradations),
        "incidents": len(results.incidents),
        "foresight": foresight(matches, LOOKUP_ABOVE).as_json(),
        "contact_precision": contact_precision(matches).as_json(),
        "contact_foresight": foresight(matches, CONTACT_ABOVE).as_json(),
        "calibration": calibration(matches),
        **{name: (figure(matches) if known else UNKNOWN).as_json() for name, figure in figures.items()},
        "held_out_false_per_1000_cells_week": results.held_out_false.as_json(),
        "false_alarm_budget": results.false_alarm_budget,
        "false_care_alert_budget": results.false_care_alert_budget,
        "foresight_all": foresight(matches, LOOKUP_ABOVE, all_complaints=True).as_json(),
        "recall_by_kind": recall_by(matches, lambda f: f.kind) if known else None,
        "recall_by_severity": recall_by(matches, lambda f: f.severity) if known else None,
        "from": f"{utc(results.window.start):%Y-%m-%dT%H:%M:%SZ}",
        "to": f"{utc(results.window.end):%Y-%m-%dT%H:%M:%SZ}",
        "seen": overview(matches).as_json(),
    }


def recall(matches: Matches) -> Figure:
    """Share of the faults that customers feel, begun inside the replay, which at least one degradation matches."""
    return share(sum(f.fault_id in matches.found for f in matches.faults), len(matches.faults))


def recall_by(matches: Matches, trait: Callable[[Fault], str]) -> Mapping[str, Any] | None:
    """Recall for each value of a trait of faults; None if truth has it for no fault."""
    traits = sorted({trait(f) for f in matches.faults} - {""})
    own = {t: [f.fault_id in matches.found for f in matches.faults if trait(f) == t] for t in traits}
    return {t: share(sum(found), len(found)).as_json() for t, found in own.items()} or None


def precision(matches: Matches) -> Figure:
    """Share of degradations that match a fault which customers feel, of those that match one or none at all. Left out:
    those that match only faults which nobody feels, and missing data that nothing confirmed."""
    judgements = [v for v in matches.degradation_judgements.values() if v is not None]
    return share(sum(judgements), len(judgements))


def incident_precision(matches: Matches) -> Figure:
    """The same of incidents, without those merged into another."""
    merged = {i.incident_id for i in matches.results.incidents if i.merged_into is not None}
    judgements = [v for i, v in matches.incident_judgements.items() if v is not None and i not in merged]
    return share(sum(judgements), len(judgements))


def false_rate(matches: Matches) -> Figure:
    """Degradations that match no fault, per 1,000 cells and week: what the false-alarm budget promises."""
    false = sum(v is False for v in matches.degradation_judgements.values())
    return rate(false, matches.results.thousand_cell_weeks)


def false_care_rate(matches: Matches) -> Figure:
    """Incidents that match no fault and of which care was notified (an `opened` alert), per 1,000 cells and week."""
    false = sum(v is False and i in matches.results.notified for i, v in matches.incident_judgements.items())
    return rate(false, matches.results.thousand_cell_weeks)


def delays_s(matches: Matches) -> list[int]:
    """From each found fault's start to the first detection that matches it. Missed faults are in `recall`, not here."""
    found = matches.found
    return [found[f.fault_id][0].detected_at - f.window.start for f in matches.faults if f.fault_id in found]


def lead_times_s(matches: Matches) -> dict[str, int | None]:
    """Fault id -> seconds from its detection to its first complaint (negative: customers were first), for faults that
    someone complained of; None = missed."""
    own, found = matches.complaints_of or {}, matches.found
    complained = [f.fault_id for f in matches.faults if own.get(f.fault_id)]
    return {f: own[f][0].at - found[f][0].detected_at if f in found else None for f in complained}


def lead_time(matches: Matches) -> Figure:
    """Median of the known lead times; unknown without contacts."""
    if matches.complaints_of is None:
        return UNKNOWN
    return quantile([lead for lead in lead_times_s(matches).values() if lead is not None], 0.5)


def found_before_first_complaint(matches: Matches) -> Figure:
    """Share of the faults that someone complained of which were found before that; a missed one counts as too late."""
    if matches.complaints_of is None:
        return UNKNOWN
    leads = lead_times_s(matches).values()
    return share(sum(lead is not None and lead > 0 for lead in leads), len(leads))


def incidents_of(matches: Matches, fault_id: str) -> frozenset[str]:
    """Ids of the incidents, after merging, that hold the degradations which match this fault."""
    own = (matches.results.incident_of.get(d.degradation_id, "") for d in matches.found.get(fault_id, ()))
    return frozenset(own) - {""}


def incidents_per_fault(matches: Matches) -> Figure:
    """Mean number of incidents that a found fault was reported in: 1 is right."""
    return mean([len(incidents_of(matches, f.fault_id)) for f in matches.faults if f.fault_id in matches.found])


def found_without_alarm(matches: Matches) -> Figure:
    """Share of the found faults whose incidents name no equipment alarm; unknown if the dataset has no alarms."""
    alarmed = {i.incident_id for i in matches.results.incidents if i.alarm_id}
    if not (matches.results.alarms_known or alarmed):
        return UNKNOWN
    found = [f.fault_id for f in matches.faults if f.fault_id in matches.found]
    return share(sum(alarmed.isdisjoint(incidents_of(matches, f)) for f in found), len(found))
