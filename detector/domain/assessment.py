"""One incident with everyone it touches and what care does about it."""

from dataclasses import dataclass

from detector.domain.alert import AccountDecision, Decision
from detector.domain.degradation import Degradation
from detector.domain.impact import Impact, no_impact
from detector.domain.incident import Incident
from detector.domain.outlook import Outlook

NOT_ASSESSED = no_impact("", 0)
"""The value before `impact.assess` has run."""


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What is known of one incident so far; `impact.assess` and `care.decide` give it back with their part filled in.

    `degradations`: the incident's own, those that are known. `outlook`: when it is expected to clear, None once it is over.
    `service`: the trouble in a customer's words. `decisions`: one for each listed person; `accounts`: one for each account
    for which care acts; `follow_ups`: what the rules require once the incident is over.
    """

    incident: Incident
    degradations: tuple[Degradation, ...] = ()
    outlook: Outlook | None = None
    impact: Impact = NOT_ASSESSED
    service: str = ""
    decisions: tuple[Decision, ...] = ()
    accounts: tuple[AccountDecision, ...] = ()
    follow_ups: tuple[Decision, ...] = ()
