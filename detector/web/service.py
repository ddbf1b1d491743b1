"""The interface of the pages and the API to the app; `detector.app` wires it to the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from detector.care import AccountAnswer, LookupAnswer
from detector.care.context import Context
from detector.domain.communication import Communication
from detector.domain.coverage import Coverage
from detector.domain.degradation import Degradation
from detector.domain.feedback import Feedback
from detector.domain.impact import Impact, Listing
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.outlook import Outlook

if TYPE_CHECKING:
    from detector.domain.evidence import Band
    from detector.reports import Report


@dataclass(frozen=True)
class AffectedPerson:
    """One person on an incident's list, by pseudonym, with care's decision and communications."""

    listing: Listing
    contact: str | None = None
    """Raw identity of the one to contact, where requested and permitted."""
    communications: Sequence[Communication] = ()
    """Communications on this line in this incident: messages, the all-clear, a survey."""


@dataclass(frozen=True)
class AffectedPage:
    """`people` of `total`, from the requested offset on."""

    total: int
    people: Sequence[AffectedPerson]


@dataclass(frozen=True, kw_only=True)
class CareView:
    """What care does about an incident: of the `listed` people so many are `contactable`, and for so many of them something
    is `proposed`; the rest are `withheld` by reason (one of WHY_NOT -> people). `say` by language, as it is true now."""

    say: Mapping[str, str] = field(default_factory=dict)
    action: str = ""
    team: str = ""
    contactable: int = 0
    withheld: Mapping[str, int] = field(default_factory=dict)
    first_complaint_at: int | None = None
    outlook: Outlook | None = None
    held: str = ""
    """Why no care team is notified yet: unsure, capacity or late; empty: it is, or no team is concerned."""
    listed: int = 0
    proposed: int = 0


@dataclass(frozen=True)
class Update:
    """One step in an incident's life; kind: opened, updated, resolved or anything else worth a line."""

    at: int
    kind: str
    text: str
    severity: str = ""


def update_of(at: int, kind: str, severity: str, data: Mapping[str, Any]) -> Update:
    """The step of which an alert notified: its own time and type, and the reason in its data."""
    problem = data.get("serviceProblem") or {}
    return Update(at, kind, str(problem.get("reason") or ""), severity)


class WebService(Protocol):
    """Reads only. `affected`, `lookup` and `account` write the caller (`actor`) to the audit log before they answer.

    Unknown ids give None or nothing, blank ones InvalidIdentity; `Transient` is answered 503. `incidents`: newest first;
    `state` None = every state.
    """

    def now(self) -> float:
        """Event time, in s since the epoch."""
        ...

    def ready(self) -> Sequence[str]:
        """What keeps the service from its work, one line each; empty = ready."""
        ...

    def knows_people(self) -> bool:
        """Whether any person is known at all: else the number affected is not known."""
        ...

    def incidents(self, state: str | None, limit: int, offset: int) -> Sequence[Incident]: ...

    def incident(self, incident_id: str) -> Incident | None: ...

    def degradations(self, incident_id: str) -> Sequence[Degradation]: ...

    def impact(self, incident_id: str) -> Impact | None:
        """The newest assessment; its `people` are never shown and may be left empty."""
        ...

    def notified_impact(self, incident_id: str) -> Mapping[str, Any]:
        """`impact` of the last alert, from which counts move only when they have clearly left it; empty = no alert."""
        ...

    def care(self, incident_id: str) -> CareView | None: ...

    def affected(self, incident_id: str, limit: int, offset: int, actor: str, *, identify: bool = False) -> AffectedPage:
        """`identify` resolves those who may be contacted, nobody else, to their raw identities."""
        ...

    def lookup(self, raw_subscriber: str, actor: str, caller: str = "self") -> LookupAnswer:
        """The lookup for this person, or for one of care's CALLERS on their behalf. "Not known" is an answer, too."""
        ...

    def account(self, raw_account: str, actor: str) -> AccountAnswer:
        """How many of this account's lines are affected."""
        ...

    def bands(self, incident_id: str) -> "Sequence[Band]":
        """A few leading KPIs around the incident, the most significant first."""
        ...

    def timeline(self, incident_id: str) -> Sequence[Update]: ...

    def kpi(self, kpi_id: str) -> Kpi | None: ...

    def coverage(self) -> Coverage:
        """What is measured, of what could be."""
        ...

    def metrics(self) -> str:
        """Prometheus text format."""
        ...


class CareService(Protocol):
    """Requests of care teams beside the incident: feedback, reports, what is known of a customer.

    `give_feedback`, `contexts` and `context` write to the audit log before they answer.
    """

    def feedback(self, incident_id: str) -> Sequence[Feedback]:
        """In the order in which it came."""
        ...

    def give_feedback(
        self, incident_id: str, verdict: str, actor: str, *, raw_subscriber: str | None = None, outcome: str = ""
    ) -> Feedback: ...

    def contexts(self, incident_id: str, people: Sequence[str], actor: str) -> Mapping[str, Context]:
        """Pseudonym -> the customer context of that person beside this incident."""
        ...

    def context(self, raw_subscriber: str, actor: str) -> Context:
        """The same of a caller, by raw identity."""
        ...

    def report(self, name: str, *, start: int | None, end: int | None, step: str) -> "Report":
        """Misconfigured for an unknown report, or a window that ends before it begins."""
        ...
