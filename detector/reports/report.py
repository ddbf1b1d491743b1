"""What a report is made from, and what it is: columns and rows that a page, a table and JSON show alike."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from detector.capacity.busy_hours import BusyDay
from detector.care.privacy import shown
from detector.chronic.days import CellDay
from detector.domain.cell import Topology
from detector.domain.communication import Communication
from detector.domain.customer import Customers, SubscriberEvent
from detector.domain.degradation import Degradation
from detector.domain.experience import Experience
from detector.domain.impact import Listing
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.policy import HoldoutPolicy
from detector.domain.risk import RiskModel
from detector.domain.window import Window

KINDS = ("text", "count", "people", "hours", "share", "index", "money", "time")
STEPS = ("day", "week", "month")
"""What rows over time are summed up by: local calendar days, ISO weeks, months."""
Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is one of KINDS: people are counts in steps of the privacy floor, hours those of people, shares 0 to 1,
    time ISO 8601; None in a row is withheld or not known."""

    name: str
    title: str
    kind: str = "text"

    @property
    def numeric(self) -> bool:
        return self.kind not in ("text", "time")

    def as_text(self, value: Value) -> str:
        """The value as text.

        >>> cells = ((0.25, "share"), (1250, "people"), (None, "people"), (61.25, "index"), (7.0, "money"))
        >>> [Column("c", "", kind).as_text(value) for value, kind in cells]
        ['25 %', '1,250', '–', '61.2', '7.00']
        """
        if value is None or isinstance(value, str):
            return "–" if value is None else value
        if self.kind == "share":
            return f"{100 * value:.0f} %"
        return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}" if self.kind == "money" else f"{value:,.1f}"


@dataclass(frozen=True)
class Report:
    """Rows in the order in which they are to be read. `notes`: whole sentences; who was left out and why is among them."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...] = ()

    def records(self) -> list[dict[str, Value]]:
        """
        >>> Report("r", "", (Column("a", "A"),), (("x",),)).records()
        [{'a': 'x'}]
        """
        return [dict(zip([c.name for c in self.columns], row, strict=True)) for row in self.rows]

    def text_rows(self, most: int | None = None) -> list[list[str]]:
        """Its rows as a person reads them; of each dimension (column `by`) the first `most`."""
        by = [c.name for c in self.columns].index("by") if any(c.name == "by" for c in self.columns) else None
        seen: Counter[Value] = Counter()
        rows = []
        for row in self.rows:
            seen[group := None if by is None else row[by]] += 1
            if most is None or seen[group] <= most:
                rows.append([column.as_text(value) for value, column in zip(row, self.columns, strict=True)])
        return rows

    def only(self, column: str, value: str | None) -> "Report":
        """The rows with this value in that column; all rows if there is no such column or the value is None."""
        names = [c.name for c in self.columns]
        if value is None or column not in names:
            return self
        at = names.index(column)
        return Report(self.name, self.title, self.columns, tuple(row for row in self.rows if row[at] == value), self.notes)


@dataclass(frozen=True, eq=False, kw_only=True)
class Past:
    """What is known of `window`; a report's kind defines which fields it needs, the others may be empty.

    incidents: those that were on in the window, without the withdrawn; listings: the current rows of their lists;
    interactions, events: made in the window; experience: rows of its days, and of the 28 before it. None of them is
    about people who withdrew `network_care_analysis` (`withdrew` of them are left out). expected_presence: cell -> people
    who are usually there, a mean over the week; communications: contacts and offers requested of care; offers: what each
    costs; held_out: rows of those whom the holdout left out, whether current or not; holdout: its terms; cell_days: the
    counters of cells in the whole local days of the window; busy_days: their busy hours, also of weeks before it; homes:
    person -> the cell behind which it usually is longest.
    """

    window: Window
    timezone: str = "UTC"
    step: str = "week"
    floor: int = 5
    topology: Topology = field(default_factory=Topology)
    customers: Customers = field(default_factory=Customers)
    incidents: tuple[Incident, ...] = ()
    degradations: tuple[Degradation, ...] = ()
    listings: tuple[Listing, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    events: tuple[SubscriberEvent, ...] = ()
    experience: tuple[Experience, ...] = ()
    communications: tuple[Communication, ...] = ()
    expected_presence: Mapping[str, float] = field(default_factory=dict)
    offers: Mapping[str, float] = field(default_factory=dict)
    held_out: tuple[Listing, ...] = ()
    holdout: HoldoutPolicy = field(default_factory=HoldoutPolicy)
    withdrew: int = 0
    cell_days: tuple[CellDay, ...] = ()
    busy_days: tuple[BusyDay, ...] = ()
    homes: Mapping[str, str] = field(default_factory=dict)
    risk: RiskModel | None = None
    risk_why_not: str = ""
    bursts: tuple[str, ...] = ()
    """Bursts of contacts without a degradation, each as a sentence without its full stop."""


@dataclass(frozen=True, kw_only=True)
class ReportKind:
    """One report. `needs`: the fields of `Past` that it is made from, beside window, topology and customers. `by`: what its
    column `by` may show, nothing where it has none."""

    name: str
    title: str
    make: Callable[[Past], Report]
    needs: tuple[str, ...]
    by: tuple[str, ...] = ()


def rounded_people(count: float, floor: int) -> int | None:
    """The nearest step of the floor; None under it."""
    return shown(count, floor)


def few(count: float, floor: int) -> bool:
    """Fewer than the privacy floor: a mean, a sum or a place of them would reveal one of them.

    >>> few(4.2, 5), few(0, 5), few(5, 5)
    (True, True, False)
    """
    return shown(count, floor) is None


def withdrawal_note(past: Past) -> tuple[str, ...]:
    """The note on people who are in no figure, if there are any."""
    if not past.withdrew:
        return ()
    count = rounded_people(past.withdrew, past.floor)
    number = f"Fewer than {past.floor}" if count is None else f"About {count:,}"
    return (f"{number} people who withdrew network_care_analysis are in no figure.",)
