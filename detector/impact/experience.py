"""What people and accounts went through, day by day, and how it is likely to be remembered.

A past trouble is remembered by its worst moment and by its end more than by its mean, and its length counts little
(Kahneman, Fredrickson, Schreiber, Redelmeier 1993, "When more pain is preferred to less: adding a better end",
Psychological Science 4(6)); what recurs counts more than the same all at once, and what is over decays.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import exp
from typing import NamedTuple
from zoneinfo import ZoneInfo

from detector.domain.customer import Customers
from detector.domain.degradation import Degradation
from detector.domain.experience import HARMS, Experience, Harm
from detector.domain.impact import Listing
from detector.domain.incident import Incident
from detector.domain.kpi import family_of
from detector.domain.window import DAY_S, HOUR_S, WEEK_S, Window

PEAK, END, MEAN = 0.35, 0.25, 0.4
"""How much of a bad memory is its worst day, its last bad day, and all of it together."""
HALF_LIFE_DAYS = 7.0
"""Half-life of a bad day's weight. Chosen: a week without trouble halves it."""
REMEMBERED_DAYS = 28
"""Days that the index counts. Chosen: four half-lives, a sixteenth of the weight."""
FULL_H, AGAIN_H = 8.0, 0.5
"""Hours without any service that spend 63 % of MEAN; each further incident counts like so many of them."""
GRAVITY: Mapping[str, float] = {"coverage": 1.0, "core": 0.9, "access": 0.8, "drops": 0.6, "slow": 0.4}
SEVERITY: Mapping[str, float] = {"critical": 1.0, "major": 0.8, "minor": 0.5, "warning": 0.3}
Holder = tuple[str, str]
"""(holder kind, key)."""


class Trouble(NamedTuple):
    """An incident as a holder meets it: when it was on, and what its minutes are made of (one of HARMS)."""

    window: Window
    harm: str
    gravity: float


def harm_of(incident: Incident, leading: Degradation | None = None) -> Harm:
    """One of HARMS; a drift is what its leading degradation drifts in.

    >>> harm_of(Incident(incident_id="inc_1", root_kind="cell", root_id="c1", kind="retainability", started_at=0,
    ...     opened_at=0, severity="minor", degradation_ids=(), cells=("c1",), reason=""))
    'drops'
    """
    return incident.traits.harm or family_of(leading.family if leading else "").harm


def trouble_of(incident: Incident, now: int, leading: Degradation | None = None) -> Trouble:
    """As known at `now` (s)."""
    harm, end = harm_of(incident, leading), now if incident.over_at is None else incident.over_at
    return Trouble(
        Window(incident.started_at, max(end, incident.started_at + 1)), harm, GRAVITY[harm] * SEVERITY[incident.severity]
    )


@dataclass
class _Lived:
    """What one holder lived through in one day, summed up."""

    degraded_s: float = 0.0
    failures: float = 0.0
    worst: float = 0.0
    incidents: set[str] = field(default_factory=set)
    by_harm: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, incident_id: str, degraded_s: float, failures: float, harm: str) -> None:
        self.degraded_s += degraded_s
        self.failures += failures
        self.by_harm[harm] += degraded_s
        self.incidents.add(incident_id)


def experience_of_day(
    day: Window,
    listings: Iterable[Listing],
    troubles: Mapping[str, Trouble],
    customers: Customers,
    past: Mapping[Holder, Sequence[Experience]],
) -> tuple[Experience, ...]:
    """A row for each person, and each account of several lines, with any degradation in `day` (from one local midnight
    to the next), in order.

    listings: current rows, of which only those of `troubles` (by incident id) count, each with the share of its seconds and
    failures that falls into the day. past: rows of earlier days. A line's trouble is its accounts' too, and theirs above:
    an account's seconds and failures are the sums of its lines', its worst moment the share of its lines that had it.
    """
    lived: dict[Holder, _Lived] = defaultdict(_Lived)
    depth: dict[tuple[str, str], float] = defaultdict(float)  # (account, incident) -> sum of its lines' gravity
    for one in listings:
        trouble = troubles.get(one.incident_id)
        share = _share_in(day, trouble.window) if trouble else 0.0
        if trouble is None or share <= 0:
            continue
        degraded, failures = share * one.affected.likely_degraded_s, share * one.affected.failures
        if degraded <= 0 and failures <= 0:
            continue
        own = lived["subscriber", one.subscriber]
        own.add(one.incident_id, degraded, failures, trouble.harm)
        own.worst = max(own.worst, one.probability * trouble.gravity)
        for account in _shared_accounts(one.subscriber, customers):
            lived["account", account].add(one.incident_id, degraded, failures, trouble.harm)
            depth[account, one.incident_id] += one.probability * trouble.gravity
    for (account, _), gravity in depth.items():
        of_account = lived["account", account]
        of_account.worst = max(of_account.worst, gravity / customers.lines[account])
    return tuple(_row(day, holder, one, customers, past.get(holder, ())) for holder, one in sorted(lived.items()))


def _shared_accounts(subscriber: str, customers: Customers) -> list[str]:
    """An account of one line has the experience of that person, and needs no rows of its own."""
    return [account for account in customers.every_account_of.get(subscriber, ()) if customers.lines[account] > 1]


def _share_in(day: Window, trouble: Window) -> float:
    return max(min(day.end, trouble.end) - max(day.start, trouble.start), 0) / trouble.seconds


def _row(day: Window, holder: Holder, one: _Lived, customers: Customers, past: Sequence[Experience]) -> Experience:
    kind, key = holder
    lines = customers.lines.get(key, 1) if kind == "account" else 1
    made = Experience(
        day=day.start,
        holder_kind=kind,
        holder=key,
        index=100.0,
        degraded_s=round(one.degraded_s, 1),
        failures=round(one.failures, 3),
        worst=round(one.worst, 4),
        incidents=len(one.incidents),
        trend=0.0,
        by_harm={harm: round(one.by_harm[harm], 1) for harm in HARMS if one.by_harm.get(harm)},
    )
    index = index_at(day.start, [*past, made], lines)
    before = index_at(day.start - WEEK_S, past, lines)
    return Experience(
        day=made.day,
        holder_kind=kind,
        holder=key,
        index=index,
        degraded_s=made.degraded_s,
        failures=made.failures,
        worst=made.worst,
        incidents=made.incidents,
        trend=round(index - before, 1),
        by_harm=made.by_harm,
    )


def local_days(window: Window, timezone: str) -> Iterator[Window]:
    """The local days that the window touches, each from its midnight to the next.

    >>> [day.seconds // 3600 for day in local_days(Window(1774652400, 1774818000), "Europe/Zurich")]  # spring forward
    [24, 23]
    """
    zone = ZoneInfo(timezone)
    midnight = datetime.fromtimestamp(window.start, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    while (start := int(midnight.timestamp())) < window.end:
        midnight += timedelta(days=1)
        yield Window(start, int(midnight.timestamp()))


def index_at(day: int, rows: Iterable[Experience], lines: int = 1) -> float:
    """0 (nothing worked) to 100 (nothing failed) as remembered on `day` (its local midnight, s), from one holder's rows
    up to then. `lines`: how many lines their seconds are summed over.

    >>> outage = Experience(day=0, holder_kind="subscriber", holder="s1", index=0.0, degraded_s=3600.0, failures=0.0,
    ...     worst=1.0, incidents=1)
    >>> [index_at(days * 86_400, [outage]) for days in (0, 7, 28, 29)]
    [33.2, 66.4, 95.8, 100.0]
    """
    felt = [(row, _decay(age)) for row in rows if 0 <= (age := _age(day, row)) <= REMEMBERED_DAYS]
    if not felt:
        return 100.0
    last, fade = max(felt, key=lambda one: one[0].day)
    peak = max(row.worst * left for row, left in felt)
    load = sum(left * row.worst * (row.degraded_s / lines / HOUR_S + AGAIN_H * row.incidents) for row, left in felt)
    loss = PEAK * peak + END * last.worst * fade + MEAN * (1 - exp(-load / FULL_H))
    return round(100 * (1 - loss), 1)


def _decay(days: int) -> float:
    return float(0.5 ** (days / HALF_LIFE_DAYS))


def _age(day: int, row: Experience) -> int:
    """Whole days: a day of 23 or 25 hours is one."""
    return round((day - row.day) / DAY_S)
