"""The figures of a backtest that stand on cards: what each is called, counted on, means, and which way is better."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from detector.labels.quantities import rough_number, rough_percent
from detector.labels.times import signed_duration

PER_CELL_WEEKS = "per 1,000 cells and week"


@dataclass(frozen=True, kw_only=True)
class Card:
    """`key` of summary.json. `basis`: what it is counted on, with `{s}` and `{people}` by number. kind: share (of `basis`),
    rate (events per 1,000 cells and week), other (a median, mean or modelled rate). `budget`: the key of what the settings
    accept."""

    key: str
    title: str
    basis: str
    meaning: str
    shown: Callable[[float], str] = rough_percent
    kind: Literal["share", "rate", "other"] = "share"
    better: Literal["more", "less"] = "more"
    unit: str = ""
    budget: str = ""

    def counted_on(self, count: int) -> str:
        """
        >>> [CARDS[1].counted_on(number) for number in (0, 1)]
        ['0 faults that customers feel', '1 fault that customers feel']
        """
        one = count == 1
        return f"{count:,} {self.basis.format(s='' if one else 's', people='person' if one else 'people')}"


CARDS = (
    Card(
        key="foresight",
        title="Foresight",
        basis="complaint{s} of faults",
        meaning="of network complaints came from people already on the list 15 minutes earlier: what the inbound lookup is "
        "worth.",
    ),
    Card(
        key="recall",
        title="Faults found",
        basis="fault{s} that customers feel",
        meaning="of the faults that customers feel were detected.",
    ),
    Card(
        key="delay_median_s",
        title="Delay",
        basis="found fault{s}",
        shown=signed_duration,
        kind="other",
        better="less",
        meaning="from a fault's start to its detection, in the median.",
    ),
    Card(
        key="lead_time_median_s",
        title="Lead time",
        basis="found fault{s} with complaints",
        shown=signed_duration,
        kind="other",
        meaning="from detection to a fault's first complaint, in the median; negative: customers were first.",
    ),
    Card(
        key="precision",
        title="Precision",
        basis="degradation{s} judged",
        meaning="of the degradations raised belong to a real fault.",
    ),
    Card(
        key="false_per_1000_cells_week",
        title="False degradations",
        basis="false in this replay",
        shown=rough_number,
        kind="rate",
        better="less",
        unit=PER_CELL_WEEKS,
        budget="false_alarm_budget",
        meaning="belong to no fault; the false-alarm budget",
    ),
    Card(
        key="false_care_alerts_per_1000_cells_week",
        title="False care alerts",
        basis="false in this replay",
        shown=rough_number,
        kind="rate",
        better="less",
        unit=PER_CELL_WEEKS,
        budget="false_care_alert_budget",
        meaning="were sent to care for nothing; its budget",
    ),
    Card(
        key="held_out_false_per_1000_cells_week",
        title="False alarms on quiet days",
        basis="small peak{s} on quiet days",
        shown=rough_number,
        kind="other",
        better="less",
        unit=PER_CELL_WEEKS,
        budget="false_alarm_budget",
        meaning="are false on days before this replay that no baseline had seen; the budget",
    ),
    Card(
        key="contact_precision",
        title="Contact precision",
        basis="{people} listed at 50 % or more",
        meaning="of those sure enough to be contacted did suffer.",
    ),
    Card(
        key="contact_foresight",
        title="Contact foresight",
        basis="complaint{s} of faults",
        meaning="of network complaints could have been forestalled by contacting people first.",
    ),
    Card(
        key="calibration",
        title="Calibration error",
        basis="row{s} listed",
        kind="other",
        better="less",
        meaning="mean distance between the probability listed and the share who suffered; 0 is perfect.",
    ),
    Card(
        key="incidents_per_fault",
        title="Incidents per fault",
        basis="found fault{s}",
        shown=rough_number,
        kind="other",
        better="less",
        meaning="opened for one fault; 1 is right.",
    ),
    Card(
        key="found_without_alarm",
        title="Found without an alarm",
        basis="found fault{s}",
        meaning="of the found faults raised no alarm in the equipment: nobody else would have seen them.",
    ),
    Card(
        key="clear_time_error_median_s",
        title="Expected end, error",
        basis="incident{s} sent with our estimate",
        shown=signed_duration,
        kind="other",
        better="less",
        meaning="between the end that care was given to expect and the fault's own, in the median, either way.",
    ),
    Card(
        key="clear_time_coverage",
        title="Expected end, in its interval",
        basis="incident{s} sent with our estimate",
        meaning="of those faults ended within the interval given; it promises 80 %.",
    ),
    Card(
        key="breach_time_error_median_s",
        title="Breach forecast, error",
        basis="drift{s} forecast",
        shown=signed_duration,
        kind="other",
        better="less",
        meaning="between the forecast and the time when the drift got so far, in the median, either way.",
    ),
    Card(
        key="breach_time_coverage",
        title="Breach forecast, in its interval",
        basis="drift{s} forecast",
        meaning="of the drifts got so far within the interval given, or not within three days as said; it promises 80 %.",
    ),
)
"""In the order of their weight."""
