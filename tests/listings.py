"""Rows of an incident's list for tests, from one flat set of figures."""

from dataclasses import fields

from detector.domain.alert import Decision
from detector.domain.impact import Affected, Listing

_OF_DECISION = {field.name for field in fields(Decision)} - {"incident_id", "subscriber"}
_REFUSED = {"contactable": False, "why_not": "", "action": "none", "channel": "", "recipient": "", "decided_at": 0}


def listing_of(
    incident_id="inc_1",
    subscriber="s1",
    account="",
    basis="expected",
    probability=0.5,
    exposure_s=900.0,
    listed_at=0,
    delisted_at=None,
    **more,
):
    """One person's row; anything of a `Decision` among `more` (an action, a reason why not) is decided, the rest refused."""
    decided = {name: more.pop(name) for name in list(more) if name in _OF_DECISION}
    person = {"account": account, "basis": basis, "probability": probability, "exposure_s": exposure_s}
    figures = {name: more.pop(name) for name in list(more) if name in ("degraded_s", "failures", "next_exposure_at")}
    return Listing(
        affected=Affected(incident_id=incident_id, subscriber=subscriber, **person, **figures),
        decision=Decision(incident_id=incident_id, subscriber=subscriber, **_REFUSED | decided),
        listed_at=listed_at,
        delisted_at=delisted_at,
        **more,
    )
