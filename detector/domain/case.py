"""What the conditions of a care rule read: one person's side of one incident, or one account's."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from detector.domain.customer import CHANNELS, Account, Subscriber
from detector.domain.degradation import SEVERITIES
from detector.domain.experience import UNKNOWN_HISTORY, CustomerHistory
from detector.domain.incident import Incident

ROLES = ("holder", "manager", "executive", "line", "dependant")
ACCOUNT_KINDS = ("consumer", "family", "enterprise", "government")
SERVICES = ("coverage", "connecting", "calls", "dropping", "slow")
"""The fault in a customer's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`probability`: that the person suffers; `places`: cell, site, tac and region -> ids that the incident touches;
    `roles`: of the person, or of an account's affected lines. `risk` is None where no one may, or can, estimate it. `lines`
    and `affected_lines` are an account's."""

    incident: Incident
    service: str
    subscriber: Subscriber = field(default_factory=lambda: Subscriber(key=""))
    account: Account | None = None
    roles: Collection[str] = ()
    places: Mapping[str, Collection[str]] = field(default_factory=dict)
    probability: float = 1.0
    degraded_s: float = 0.0
    risk: float | None = None
    history: CustomerHistory = UNKNOWN_HISTORY
    lines: int = 1
    affected_lines: int = 1


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that `when` may name. kind: words (any of those listed, `*` stands for anything), flag (true or false), or
    number (at least, or from `min` to `max`). `among`: the only words there are, empty = any. `of`: whose it is."""

    kind: Literal["words", "flag", "number"]
    read: Callable[[Case], Any]
    among: tuple[str, ...] = ()
    of: Literal["both", "person", "account"] = "both"

    def holds(self, case: Case, wanted: Any) -> bool:
        """`wanted` as `read_rules` made it. An unknown value meets no condition.

        >>> CONDITIONS["segment"].holds(Case(incident=INCIDENT, service="slow", subscriber=Subscriber(key="s1",
        ...     segment="gold-plus")), ("gold*",))
        True
        """
        found = self.read(case)
        if found is None:
            return False
        if self.kind == "flag":
            return bool(found) == bool(wanted)
        if self.kind == "number":
            return bool(wanted[0] <= found <= wanted[1])
        words: Collection[str] = (found,) if isinstance(found, str) else found
        return any(fnmatchcase(word, str(one)) for word in words for one in wanted if word)


def _account(name: str) -> Callable[[Case], Any]:
    return lambda case: getattr(case.account, name) if case.account else None


def _subscriber(name: str) -> Callable[[Case], Any]:
    return lambda case: getattr(case.subscriber, name)


def _place(name: str) -> Callable[[Case], Any]:
    return lambda case: case.places.get(name, ())


CONDITIONS: Mapping[str, Condition] = {
    "subscriber": Condition("words", _subscriber("key"), of="person"),
    "segment": Condition("words", _subscriber("segment"), of="person"),
    "vip": Condition("flag", _subscriber("vip"), of="person"),
    "vulnerable": Condition("flag", _subscriber("vulnerable"), of="person"),
    "minor": Condition("flag", _subscriber("minor"), of="person"),
    "preferred_channel": Condition("words", _subscriber("preferred_channel"), CHANNELS, of="person"),
    "language": Condition("words", _subscriber("language"), of="person"),
    "device": Condition("words", _subscriber("device"), of="person"),
    "plan": Condition("words", _subscriber("plan"), of="person"),
    "partner": Condition("words", _subscriber("partner"), of="person"),
    "lifetime_value": Condition("number", _subscriber("lifetime_value"), of="person"),
    "nps": Condition("number", _subscriber("nps"), of="person"),
    "account": Condition("words", _account("key")),
    "account_kind": Condition("words", _account("kind"), ACCOUNT_KINDS),
    "account_tier": Condition("words", _account("tier")),
    "sla": Condition("flag", lambda case: bool(case.account and case.account.sla)),
    "role": Condition("words", lambda case: case.roles, ROLES),
    "service": Condition("words", lambda case: case.service, SERVICES),
    "severity": Condition("words", lambda case: case.incident.severity, SEVERITIES),
    "root": Condition("words", lambda case: case.incident.root_kind),
    "cell": Condition("words", _place("cell")),
    "site": Condition("words", _place("site")),
    "tac": Condition("words", _place("tac")),
    "region": Condition("words", _place("region")),
    "probability": Condition("number", lambda case: case.probability, of="person"),
    "degraded_minutes": Condition("number", lambda case: case.degraded_s / 60, of="person"),
    "incidents_28_days": Condition("number", lambda case: case.history.incidents, of="person"),
    "contacts_28_days": Condition("number", lambda case: case.history.contacts, of="person"),
    "experience": Condition("number", lambda case: case.history.index, of="person"),
    "trend": Condition("number", lambda case: case.history.trend, of="person"),
    "risk": Condition("number", lambda case: case.risk, of="person"),
    "affected_lines": Condition("number", lambda case: case.affected_lines, of="account"),
    "affected_share": Condition("number", lambda case: case.affected_lines / max(case.lines, 1), of="account"),
}
"""A further condition is one more line."""

INCIDENT = Incident(
    incident_id="inc_0",
    root_kind="cell",
    root_id="c1",
    kind="integrity",
    started_at=0,
    opened_at=0,
    severity="minor",
    degradation_ids=(),
    cells=("c1",),
    reason="",
)
"""For examples."""
