"""Network kinds in customers' words: no coverage, cannot connect, calls drop, slow data."""

from collections.abc import Mapping, Sequence
from math import isfinite

from detector.domain.degradation import Degradation, leading
from detector.domain.experience import Harm
from detector.domain.incident import Incident
from detector.domain.kpi import family_of

SERVICES = {
    "coverage": ("mobile-voice", "mobile-data"),
    "connecting": ("mobile-voice", "mobile-data"),
    "calls": ("mobile-voice",),
    "dropping": ("mobile-voice", "mobile-data"),
    "slow": ("mobile-data",),
}
_BY_HARM: Mapping[Harm, str] = {
    "coverage": "coverage",
    "access": "connecting",
    "core": "connecting",
    "drops": "dropping",
    "slow": "slow",
}
_VOICE = ("volte", "vonr", "epsfb")


def trouble_of(incident: Incident, lead: Degradation | None = None) -> str:
    """One of `domain.case.SERVICES`. `lead`, the degradation that the incident's reason names, separates voice from data,
    and what drifts."""
    if lead is not None and lead.kpi.startswith(_VOICE):
        return "dropping" if "drop" in lead.kpi else "calls"
    return _BY_HARM[incident.traits.harm or family_of(lead.family if lead else "").harm]


def surest_first(degradation: Degradation) -> tuple[float, str]:
    """By size of the evidence."""
    return -degradation.neg_log10_p if isfinite(degradation.neg_log10_p) else 0.0, degradation.degradation_id


def service_of(incident: Incident, degradations: Sequence[Degradation]) -> str:
    """The fault in a customer's words, by the degradation that the incident's reason names; empty for an incident
    that was withdrawn: nothing was."""
    if incident.withdrawn_at is not None:
        return ""
    own = [one for one in degradations if one.degradation_id in incident.degradation_ids]
    return trouble_of(incident, leading(own, incident.kind) if own else None)
