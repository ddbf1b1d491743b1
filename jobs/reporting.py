"""A report made from the store: what it needs is loaded, who may not be looked at is left out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from detector.capacity.busy_hours import BusyDay
from detector.capacity.screen import HISTORY_WEEKS
from detector.chronic.days import CellDay
from detector.domain.communication import Communication
from detector.domain.customer import excluded_from_analysis
from detector.domain.errors import Misconfigured
from detector.domain.impact import Listing
from detector.domain.incident import Incident
from detector.domain.ports import Reference, ReferenceFeed
from detector.domain.window import DAY_S, HOUR_S, WEEK_S, Window
from detector.impact.experience import REMEMBERED_DAYS, local_days
from detector.reports import Past, Report, report_kind
from detector.settings import Settings
from detector.store import Store
from jobs import cell_history, models

WEEKS_S = 4 * 7 * DAY_S
"""Default length of a report. Chosen: four weeks."""
_SLOT_WEIGHT = np.repeat([5 / 168, 2 / 168], 24)
"""Each of the 24 hours comes five times a week on a weekday, twice on a weekend."""


def report(
    name: str,
    source: ReferenceFeed,
    store: Store,
    settings: Settings,
    *,
    now: int,
    window: Window | None = None,
    step: str = "week",
) -> Report:
    """The report of this name over `window` (the last four weeks if none is given). Misconfigured for an unknown name."""
    kind = report_kind(name)
    files = _Files(source.reference(now), store, settings, now, window or Window(now - WEEKS_S, now), step)
    return kind.make(files.past(kind.needs))


def window_of(start: int | None, end: int | None, *, now: int) -> Window:
    """[start, end) in s; the last four weeks by default. Misconfigured if it ends before it starts.

    >>> window_of(None, None, now=4_000_000), window_of(100, None, now=200)
    (Window(start=1580800, end=4000000), Window(start=100, end=200))
    """
    until = now if end is None else end
    since = until - WEEKS_S if start is None else start
    if since >= until:
        raise Misconfigured("the report ends before it begins", where="--from, --to", mend="give --from before --to")
    return Window(since, until)


@dataclass(frozen=True, eq=False)
class _Files:
    """The store's data of the window; each part is read at its first use."""

    reference: Reference
    store: Store
    settings: Settings
    now: int
    window: Window
    step: str

    def past(self, needs: tuple[str, ...]) -> Past:
        loaders: Mapping[str, Callable[[], Any]] = {
            "incidents": lambda: self._incidents,
            "listings": self._listings,
            "degradations": self._degradations,
            "interactions": self._interactions,
            "events": self._events,
            "expected_presence": self._expected_presence,
            "experience": self._experience,
            "communications": self._communications,
            "held_out": self._held_out,
            "bursts": self._bursts,
            "cell_days": self._cell_days,
            "busy_days": self._busy_days,
            "homes": lambda: cell_history.homes(self.store, self._withdrew),
            "risk": lambda: self.store.models.risk(),
            "risk_why_not": lambda: self.store.models.risk_why_not(),
        }
        return Past(
            window=self.window,
            timezone=self.reference.operator.timezone,
            step=self.step,
            floor=self.settings.impact.privacy_floor,
            topology=self.reference.topology,
            customers=self.reference.customers,
            withdrew=len(self._withdrew),
            offers={offer.name: offer.cost for offer in self.settings.care.offers},
            holdout=self.settings.care.holdout,
            **{name: loaders[name]() for name in needs if name in loaders},
        )

    @cached_property
    def _withdrew(self) -> frozenset[str]:
        return excluded_from_analysis(self.reference.customers, self.now)

    @cached_property
    def _incidents(self) -> tuple[Incident, ...]:
        return tuple(self.store.incidents.within(self.window))

    def _listings(self) -> tuple[Any, ...]:
        found = self.store.listings.of(i.incident_id for i in self._incidents)
        return tuple(one for one in found if one.subscriber not in self._withdrew)

    def _degradations(self) -> tuple[Any, ...]:
        return tuple(self.store.degradations.named({d for i in self._incidents for d in i.degradation_ids}))

    def _interactions(self) -> tuple[Any, ...]:
        found = self.store.interactions.between(self.window.start, self.window.end)
        return tuple(one for one in found if one.subscriber not in self._withdrew)

    def _events(self) -> tuple[Any, ...]:
        found = self.store.interactions.events_between(self.window.start, self.window.end)
        return tuple(one for one in found if one.subscriber not in self._withdrew)

    def _communications(self) -> tuple[Communication, ...]:
        """Of these incidents, at any time."""
        found = self.store.communications.of(i.incident_id for i in self._incidents)
        return tuple(one for one in found if one.subscriber not in self._withdrew)

    def _held_out(self) -> tuple[Listing, ...]:
        """Rows begun in the window."""
        found = self.store.listings.held_out_within(self.window)
        return tuple(one for one in found if one.subscriber not in self._withdrew)

    def _experience(self) -> tuple[Any, ...]:
        """Rows of every local day that the window touches, and of those before it that are still remembered."""
        start = self.window.start
        first = next(local_days(Window(start, start + 1), self.reference.operator.timezone))
        remembered = first.start - REMEMBERED_DAYS * DAY_S
        found = self.store.experience.between(Window(remembered, self.window.end))
        return tuple(one for one in found if one.holder not in self._withdrew)

    def _cell_days(self) -> tuple[CellDay, ...]:
        return cell_history.cell_days(self.store, self.reference.topology, self.window, self.reference.operator.timezone)

    def _busy_days(self) -> tuple[BusyDay, ...]:
        """Of as many weeks before the end of the window as a trend is fitted to."""
        window = Window(min(self.window.start, self.window.end - HISTORY_WEEKS * WEEK_S), self.window.end)
        return cell_history.busy_days(self.store, self.reference.topology, window, self.reference.operator.timezone)

    def _bursts(self) -> tuple[str, ...]:
        found = self.store.contact_bursts.all()
        return tuple(f"{one.place}, {one}" for one in found if Window(one.since, one.until + 1).overlaps(self.window))

    def _expected_presence(self) -> dict[str, float]:
        """Cell -> people who are usually there, a mean over the week."""
        profile = models.load_mobility_profile(self.store)
        if profile is None:
            return {}
        weight = np.repeat(_SLOT_WEIGHT, np.diff(profile.slot_start))
        people = np.bincount(profile.cell, profile.like_s * weight, len(profile.cells)) / HOUR_S
        return dict(zip(profile.cells, people.tolist(), strict=True))
