"""Contacts that care was requested to make, and with whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

ALL_CLEAR = "all_clear"
RETRACTED = "retracted"
UNCOUNTED = (ALL_CLEAR, RETRACTED)
"""No contact of their own: the all-clear ends a contact that was counted when it began; what was retracted reached
nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Communication:
    """One append-only row. Care was requested at `at` (s, event time) to do `action` for `subscriber`'s line towards
    `recipient` (the person, a minor's guardian, or an account) by `channel`; `severity` and `service` are what the story was
    then.

    A row `retracted` marks that the newest request for this line in this incident did not reach anyone.
    """

    incident_id: str
    subscriber: str
    recipient: str
    at: int
    action: str
    channel: str = ""
    offer: str = ""
    rule: str = ""
    severity: str = ""
    service: str = ""


def standing(rows: Iterable[Communication]) -> list[Communication]:
    """In order of time, without those retracted: each such row cancels the newest before it of its line and incident.

    >>> requested = Communication(incident_id="inc_1", subscriber="s1", recipient="s1", at=10, action="call")
    >>> standing([requested, Communication(incident_id="inc_1", subscriber="s1", recipient="s1", at=20, action=RETRACTED)])
    []
    """
    ordered = sorted(rows, key=lambda one: one.at)
    said: dict[tuple[str, str, str], list[int]] = {}
    gone: set[int] = set()
    for place, row in enumerate(ordered):
        before = said.setdefault((row.incident_id, row.subscriber, row.recipient), [])
        if row.action != RETRACTED:
            before.append(place)
        else:
            gone |= {place, *before[-1:]}
            del before[-1:]
    return [row for place, row in enumerate(ordered) if place not in gone]


@dataclass(frozen=True)
class ContactHistory:
    """Recent communications with each recipient; `open_`: ids of the incidents that are not over yet."""

    by_recipient: Mapping[str, Sequence[Communication]] = field(default_factory=dict)
    open_: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rows: Iterable[Communication], open_: Iterable[str] = ()) -> "ContactHistory":
        """From rows of any order."""
        found: dict[str, list[Communication]] = {}
        for row in rows:
            found.setdefault(row.recipient, []).append(row)
        return cls({key: standing(own) for key, own in found.items()}, frozenset(open_))

    def count(self, recipient: str, since: int, besides: str = "") -> int:
        """Contacts at or after `since`, over all channels; those about the incident `besides` left out."""
        own = self.by_recipient.get(recipient, ())
        return sum(row.at >= since and row.incident_id != besides and row.action not in UNCOUNTED for row in own)

    def about(self, recipient: str, incident_id: str) -> list[Communication]:
        return [row for row in self.by_recipient.get(recipient, ()) if row.incident_id == incident_id]

    def stories(self, recipient: str, besides: str) -> list[Communication]:
        """Of other incidents that are still open."""
        own = self.by_recipient.get(recipient, ())
        return [row for row in own if row.incident_id in self.open_ and row.incident_id != besides]

    def adding(self, rows: Sequence[Communication]) -> "ContactHistory":
        """With these, too."""
        if not rows:
            return self
        news: dict[str, list[Communication]] = {}
        for row in rows:
            news.setdefault(row.recipient, []).append(row)
        both = {key: standing([*self.by_recipient.get(key, ()), *more]) for key, more in news.items()}
        return ContactHistory({**self.by_recipient, **both}, self.open_)

    @cached_property
    def by_incident(self) -> Mapping[str, Sequence[Communication]]:
        """In order of time for each recipient."""
        found: dict[str, list[Communication]] = {}
        for own in self.by_recipient.values():
            for row in own:
                found.setdefault(row.incident_id, []).append(row)
        return found

    def waiting(self, incident_id: str) -> bool:
        """Whether a recipient was notified of this incident and not of its end."""
        return any(row.action != ALL_CLEAR for row in self.notified(incident_id))

    def notified(self, incident_id: str) -> list[Communication]:
        """The last communication to each recipient who was notified of this incident: a contact, or the all-clear."""
        left: dict[tuple[str, str], Communication] = {}
        for row in self.by_incident.get(incident_id, ()):
            if row.action != "survey":
                left[row.subscriber, row.recipient] = row
        return sorted(left.values(), key=lambda row: (row.subscriber, row.recipient))
