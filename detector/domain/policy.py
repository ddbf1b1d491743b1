"""What the operator may set for the stages; `config/precall.toml` documents the same keys, section by section."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from detector.domain.rule import Offer


@dataclass(frozen=True, kw_only=True)
class DetectionPolicy:
    """[detection]: the false-alarm budget is the one knob; the rest rarely needs touching."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    false_degradations_per_1000_cells_week: float = 3.0
    pooled_minutes: tuple[int, ...] = (30, 45, 90, 180)
    """Horizons over which mild faults are summed up; those not longer than a period are dropped."""
    drift_hours: float = 9.0
    """Time constant of the fading sum that shows drift over days; 0 = none."""
    min_attempts: float = 20.0
    """A ratio is judged only if the horizon holds at least this many attempts."""
    min_excess: float = 8.0
    """Failures (drops, ...) beyond expectation, over the horizon, that make a degradation large enough to matter."""
    no_data_after_periods: int = 2
    """Missing periods in a row before "no data" is raised."""
    grace_minutes: int = 10
    """How long an incomplete tick waits for its late files after the arrival delay."""
    complete_share: float = 1.0
    """Share of the objects that usually report which makes a tick complete."""
    late_hours: float = 24.0
    """Late data of the last so many hours change what was decided; older ones only correct the history. It bounds how much
    a single old file can make to be judged again, and nobody is helped by an alarm about yesterday."""
    history_days: int = 28
    """How much of the past the baselines learn from."""
    adopt_after_days: int = 3
    """A quality or traffic level that has moved and held for so many days is the new normal: customers and planners see a
    fault within a day or two, what nobody mends in three is how the cell is now. Outages are never adopted."""


@dataclass(frozen=True)
class IncidentPolicy:
    """[incidents]: when several degradations have one cause."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    chance_below: float = 1e-4
    """A group is a root only if so many of its members being bad at once is less likely than this by chance."""
    covers_share: float = 0.6
    """... and at least this share of its testable members is bad."""
    onset_tolerance_periods: int = 1
    """Degradations of one cause begin at most this many periods apart."""
    resolve_after_periods: int = 1
    """Periods without an open degradation that resolve an incident."""


@dataclass(frozen=True)
class ImpactPolicy:
    """[impact]: who is listed, and what is withheld."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    list_above: float = 0.05
    """Least probability that puts a person on an incident's list."""
    privacy_floor: int = 5
    """Counts of people under this are withheld outside the audited API."""
    present_hours: int = 2
    """How old the last arrived presence may be to count as "here now"."""


@dataclass(frozen=True)
class LawfulBasis:
    """One [[care.lawful_basis]] entry: on what a purpose rests in a country (`*`: everywhere); without one it is consent.

    Resting on a contract or a legitimate interest a missing row is no obstacle, an objection (a withdrawal) always is; a
    legal obligation needs no consent.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    purpose: Literal["network_care_analysis", "profiling", "proactive_contact", "survey"]
    country: str
    basis: Literal["consent", "contract", "legitimate_interest", "legal_obligation"]


@dataclass(frozen=True, kw_only=True)
class HoldoutPolicy:
    """[care.holdout]: a random share of those whom care would contact is not, so that what care does can be measured. Nobody
    is left out until somebody has approved it."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    approved_by: str = ""
    """Who answers for it; empty = off."""
    name: str = "holdout-1"
    """Another name draws other people."""
    share: float = 0.05
    since: str = ""
    """Date (UTC) from which incidents count, as "2026-04-01"."""
    notifiable_cells: int = 20
    """An outage of so many cells must be notified to everybody ..."""
    notifiable_affected: int = 5000
    """... as must one of so many people ..."""
    notifiable_minutes: int = 240
    """... or one that lasts so long."""


@dataclass(frozen=True, kw_only=True)
class CarePolicy:
    """[care]: whom care may contact, when, and how often."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    contact_above: float = 0.5
    """Least probability at which a person is proposed for contact."""
    quiet_from: str = "21:00"
    quiet_to: str = "08:00"
    """Local time between which nobody is contacted."""
    max_contacts_per_week: int = 2
    """Per person, over all channels and incidents: messages, calls, offers and surveys; an all-clear ends what was begun."""
    max_contacts_per_day: int = 2
    """The same in any 24 hours."""
    purposes: tuple[str, ...] = ("network_care_analysis", "proactive_contact")
    """Consents that contacting a person needs, each of them."""
    alert_ttl_hours: int = 6
    """A care alert older than this is not sent any more."""
    languages: tuple[str, ...] = ("en",)
    teams: tuple[tuple[str, str], ...] = (("enterprise", "enterprise-care"), ("*", "consumer-care"))
    """(account kind or `*`, care team), first match wins."""
    false_care_alerts_per_1000_cells_week: float = 1.0
    """How many of the false degradations that the operations centre accepts a care team may be notified of; it requires more
    certainty where it is less than that."""
    capacity_per_hour: tuple[tuple[str, int], ...] = ()
    """(care team, new incidents of which it is notified in any hour); a team that is not named has no limit."""
    rules: str = ""
    """File of the rules that choose what care does; empty = the packaged config/rules.toml."""
    offers: tuple[Offer, ...] = ()
    """Amends that rules may propose."""
    lawful_basis: tuple[LawfulBasis, ...] = ()
    holdout: HoldoutPolicy = HoldoutPolicy()


@dataclass(frozen=True)
class FeedbackPolicy:
    """[feedback]: how interactions of customers are used."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    false_bursts_per_1000_cells_week: float = 1.0
    """Bursts of contacts that chance alone makes, which the operations centre accepts to look at."""


@dataclass(frozen=True, kw_only=True)
class RetentionPolicy:
    """[retention]: days that each kind of data is kept; subscriber data first."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    attachments_days: int = 35
    habits_days: int = 35
    """Mobility profiles that were not learned anew for so long."""
    affected_days: int = 90
    impacts_days: int = 90
    interactions_days: int = 90
    events_days: int = 180
    experience_days: int = 90
    communications_days: int = 180
    feedback_days: int = 180
    vault_days: int = 30
    """After a person has left the operator's tables."""
    kpi_days: int = 120
    deliveries_days: int = 90
    findings_days: int = 90
    quarantine_days: int = 90
    audit_days: int = 730
