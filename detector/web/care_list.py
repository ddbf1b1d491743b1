"""An incident's list of people as it may be shown at this moment; one definition for the page, the API and both services.

`contactable`: consent, quiet hours and caps left the person free at the decision, and consent still does. `proposed`:
contactable, and a rule proposes an action. Both are those of `Listing`, which alerts count, too.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from detector import care
from detector.domain.communication import Communication, standing
from detector.domain.customer import CHANNELS
from detector.domain.impact import Listing
from detector.domain.incident import Incident
from detector.domain.notification import WaitingIncident
from detector.domain.outlook import Outlook
from detector.domain.policy import CarePolicy
from detector.domain.ports import Reference
from detector.web.service import AffectedPage, AffectedPerson, CareView

_OF_SUBSCRIBER = attrgetter("subscriber")


def permitted_now(
    listings: Iterable[Listing], *, reference: Reference, care_policy: CarePolicy, now: float
) -> Iterator[Listing]:
    """The listings, without the proposals that consent no longer permits: those who withdrew it after the decision, or have
    left the customers' table, is not contactable from that moment on, whenever the list is assessed again."""
    lawful = care.bases(care_policy, reference.operator.country)
    for one in listings:
        decision = one.decision
        if not decision.contactable:
            yield one
            continue
        channels, why_not = care.permitted_channels(
            one.subscriber,
            customers=reference.customers,
            purposes=care_policy.purposes,
            at=int(now),
            lawful=lawful,
            among=(decision.channel,) if decision.channel else CHANNELS,
        )
        refused = replace(decision, contactable=False, why_not=why_not, action="none", channel="", recipient="")
        yield one if channels else replace(one, decision=refused)


def affected_page(
    listings: Sequence[Listing],
    communications: Iterable[Communication],
    *,
    limit: int,
    offset: int,
    raw_of: Callable[[str], str | None] | None = None,
) -> AffectedPage:
    """The people from `offset` on, at most `limit`. `raw_of`: the raw identity of a pseudonym; given, those whom care is to
    approach (a minor's guardian instead of the minor) stands there by name, the others stay pseudonyms."""
    rows = sorted(standing(communications), key=_OF_SUBSCRIBER)
    by_person = {key: tuple(own) for key, own in groupby(rows, key=_OF_SUBSCRIBER)}
    people = [
        AffectedPerson(one, _contact(one, raw_of), by_person.get(one.subscriber, ()))
        for one in listings[offset : offset + limit]
    ]
    return AffectedPage(len(listings), people)


def _contact(listing: Listing, raw_of: Callable[[str], str | None] | None) -> str | None:
    if raw_of is None or not listing.proposed:
        return None
    return raw_of(listing.decision.recipient)


def care_view(
    listings: Sequence[Listing],
    *,
    say: Mapping[str, str],
    alert: Mapping[str, Any] | None,
    waiting: WaitingIncident | None,
    first_complaint_at: int | None,
    outlook: Outlook | None,
) -> CareView:
    """What care does about an incident. `alert`: the data of the newest, None = no care team is notified yet; `waiting`: why
    and whose an incident is that waits for its first alert, None = it does not wait."""
    action: Mapping[str, Any] = ({} if alert is None else alert.get("action")) or {}
    team = waiting.team if alert is None and waiting is not None else action.get("team")
    return CareView(
        say=say,
        action=str(action.get("kind") or ""),
        team=str(team or ""),
        listed=len(listings),
        contactable=sum(one.contactable for one in listings),
        proposed=sum(one.proposed for one in listings),
        withheld=dict(Counter(one.why_not for one in listings if one.why_not)),
        first_complaint_at=first_complaint_at,
        outlook=outlook,
        held="" if waiting is None else waiting.why,
    )


def waits(incident: Incident) -> bool:
    """An incident of which a care team may still be notified for the first time."""
    return incident.state == "open" and not incident.silent
