"""What every page of an incident shares: its reader's zone, time and privacy floor, and the incident's headline."""

from dataclasses import dataclass

from detector.care.facts import Facts, facts_of
from detector.care.privacy import shown
from detector.domain.incident import Incident
from detector.labels import terms, times


@dataclass(frozen=True)
class Page:
    """Where and when one page is read: time zone, event time (s) and privacy floor."""

    timezone: str
    now: float
    floor: int

    def clock(self, at: float) -> str:
        return times.clock(at, self.timezone, now=self.now)

    def dated(self, at: float) -> str:
        """For tables and lists, which are read on other days, too."""
        return times.clock(at, self.timezone)

    def count(self, people: float) -> str:
        """A count of people in steps of the privacy floor."""
        return self.rounded(shown(people, self.floor))

    def rounded(self, people: int | None) -> str:
        """A count that is in steps of the privacy floor already; None: it is under the floor.

        >>> Page("UTC", 0, 5).rounded(2310), Page("UTC", 0, 5).rounded(None)
        ('2,310', 'fewer than 5')
        """
        return f"fewer than {self.floor}" if people is None else f"{people:,}"

    def facts(self, incident: Incident) -> Facts:
        return facts_of(incident, now=self.now, timezone=self.timezone)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a list and a headline need of an incident; `until` is the estimated end, `state` states it in words and
    `badge` in one. `since_at` and `until_at` are the same times in s, `until_at` None while there is none."""

    incident: Incident
    headline: str
    since: str
    until: str
    lasted: str
    state: str
    silent: str
    badge: str
    since_at: int
    until_at: int | None
    no_data: str = ""
    """Since when nothing of it is measured; empty: it is."""


def summary(incident: Incident, page: Page) -> Summary:
    facts = page.facts(incident)
    return Summary(
        incident=incident,
        headline=facts.headline,
        since=page.clock(facts.since),
        until="" if facts.until is None else page.clock(facts.until),
        lasted=facts.lasted,
        state=facts.in_words,
        silent=f"merged into {facts.into}" if facts.into else facts.silence,
        badge=terms.BADGES[facts.state],
        since_at=facts.since,
        until_at=facts.until,
        no_data="" if facts.no_data_since is None else page.clock(facts.no_data_since),
    )
