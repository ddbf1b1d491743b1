"""The headline figures as a person reads them: value, interval, and what it means in plain words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Format = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Headline:
    """One card. `share`: value, low and high lie in 0..1 and may be drawn as a bar."""

    title: str
    value: str
    interval: str
    basis: str
    meaning: str
    share: tuple[float, float, float] | None = None
    unknown: bool = False


def percent(value: float) -> str:
    """
    >>> percent(0.613), percent(0.998), percent(1.0)
    ('61 %', '99.8 %', '100 %')
    """
    return f"{value:.1%}".replace("%", " %").replace(".0 %", " %") if value > 0.99 else f"{value:.0%}".replace("%", " %")


def span(seconds: float) -> str:
    """A length of time in the unit that a person would choose.

    >>> span(1500), span(-300), span(9000), span(200000), span(0)
    ('25 min', '-5 min', '2.5 h', '2.3 days', '0 min')
    """
    size = abs(seconds)
    if size < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if size < 172800 else f"{seconds / 86400:.1f} days"


def plain(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"


_CARDS: tuple[tuple[str, str, str, Format, str], ...] = (
    ("foresight", "Foresight", "complaints of faults", percent,
     "of network complaints came from people already on the list 15 minutes earlier: what the inbound lookup is worth."),
    ("recall", "Faults found", "faults that customers feel", percent, "of the faults that customers feel were detected."),
    ("delay_median_s", "Delay", "found faults", span, "from a fault's start to its detection, in the median."),
    ("lead_time_median_s", "Lead time", "found faults with complaints", span,
     "from detection to a fault's first complaint, in the median; negative: customers were first."),
    ("precision", "Precision", "degradations judged", percent, "of the degradations raised belong to a real fault."),
    ("false_per_1000_cells_week", "False degradations", "false ones in this replay", plain,
     "per 1,000 cells and week belong to no fault; the false-alarm budget"),
    ("false_care_alerts_per_1000_cells_week", "False care alerts", "false ones in this replay", plain,
     "incidents per 1,000 cells and week of which care was told for nothing; its budget"),
    ("contact_precision", "Contact precision", "people listed at 50 % or more", percent,
     "of those sure enough to be contacted did suffer."),
    ("contact_foresight", "Contact foresight", "complaints of faults", percent,
     "of network complaints could have been forestalled by contacting people first."),
    ("calibration", "Calibration error", "rows listed", percent,
     "mean distance between the probability listed and the share who suffered; 0 is perfect."),
    ("incidents_per_fault", "Incidents per fault", "found faults", plain, "told for one fault; 1 is right."),
    ("found_without_alarm", "Found without an alarm", "found faults", percent,
     "of the found faults raised no alarm in the equipment: nobody else would have seen them."),
    ("clear_time_error_median_s", "Expected end, error", "incidents told with our estimate", span,
     "between the end that care was told to expect and the fault's own, in the median, either way."),
    ("clear_time_coverage", "Expected end, in its interval", "incidents told with our estimate", percent,
     "of those faults ended within the interval told; it promises 80 %."),
    ("breach_time_error_median_s", "Drift turns graver, error", "drifts forecast", span,
     "between the forecast and the time when the drift got so far, in the median, either way."),
    ("breach_time_coverage", "Drift turns graver, in its interval", "drifts forecast", percent,
     "of the drifts got so far within the interval told, or not within three days as told; it promises 80 %."),
)  # fmt: skip
_BUDGETS = {
    "false_per_1000_cells_week": "false_alarm_budget",
    "false_care_alerts_per_1000_cells_week": "false_care_alert_budget",
}
"""Figure -> the one of the settings that it is measured against."""
_SHARES = {
    "foresight",
    "recall",
    "precision",
    "contact_precision",
    "contact_foresight",
    "calibration",
    "found_without_alarm",
    "clear_time_coverage",
    "breach_time_coverage",
}


def headlines(figures: Mapping[str, Any]) -> list[Headline]:
    """The cards of a summary, in the order of their weight."""
    return [
        _headline(figures[key], title, basis, fmt, _with_budget(figures, key, meaning), key in _SHARES)
        for key, title, basis, fmt, meaning in _CARDS
    ]


def _with_budget(figures: Mapping[str, Any], key: str, meaning: str) -> str:
    """What was measured, beside what the settings accept."""
    if key not in _BUDGETS:
        return meaning
    budget = figures.get(_BUDGETS[key])
    return f"{meaning} is {'not known' if budget is None else format(budget, 'g')}."


def _headline(figure: Mapping[str, Any], title: str, basis: str, fmt: Format, meaning: str, is_share: bool) -> Headline:
    value, count, low, high = (figure[k] for k in ("value", "count", "low", "high"))
    if value is None:
        why = "The dataset does not say." if count is None else f"Nothing to count: no {basis}."
        return Headline(title, "unknown", "", why, meaning, unknown=True)
    bounds = f"95 % interval {fmt(low) if low is not None else '?'} to {fmt(high) if high is not None else '?'}"
    bar = (value, low, high) if is_share and low is not None and high is not None else None
    return Headline(title, fmt(value), bounds, f"{count:,} {basis}", meaning, bar)


def verdict(figures: Mapping[str, Any]) -> str:
    """The whole replay in two or three sentences."""
    said = [f"{figures['incidents']:,} incidents were opened on {figures['cells']:,} cells in {figures['days']:g} days."]
    if figures["faults"] is None:
        return " ".join([*said, "The dataset holds no truth, so nobody can say which of them are real."])
    recall, delay, foresight = figures["recall"], figures["delay_median_s"], figures["foresight"]
    if recall["value"] is not None:
        found = round(recall["value"] * recall["count"])
        late = f", typically {span(delay['value'])} after they began" if delay["value"] is not None else ""
        said.append(f"{found} of {recall['count']} faults that customers feel were found{late}.")
    if foresight["value"] is not None:
        said.append(f"{percent(foresight['value'])} of the complaints about them came from people already on the list.")
    false = figures["false_per_1000_cells_week"]["count"]
    said.append(
        "No degradation was false." if not false else f"{false} degradation{'s' if false > 1 else ''} belonged to no fault."
    )
    return " ".join(said)
