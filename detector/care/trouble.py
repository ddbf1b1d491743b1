"""Network kinds in customers' words: no coverage, cannot connect, calls drop, slow data."""

from detector.domain.degradation import Degradation
from detector.domain.incident import Incident

TROUBLES = ("coverage", "connecting", "calls", "dropping", "slow")
SERVICES = {
    "coverage": ("mobile-voice", "mobile-data"), "connecting": ("mobile-voice", "mobile-data"), "calls": ("mobile-voice",),
    "dropping": ("mobile-voice", "mobile-data"), "slow": ("mobile-data",),
}  # fmt: skip
_BY_KIND = {
    "outage": "coverage", "sleeping": "coverage", "no_data": "coverage", "accessibility": "connecting",
    "core": "connecting", "retainability": "dropping", "mobility": "dropping", "integrity": "slow", "congestion": "slow",
}  # fmt: skip
_BY_FAMILY = {
    "availability": "coverage", "volume": "coverage", "retainability": "dropping", "mobility": "dropping",
    "integrity": "slow", "utilisation": "slow",
}  # fmt: skip
_VOICE = ("volte", "vonr", "epsfb")


def trouble_of(incident: Incident, leading: Degradation | None = None) -> str:
    """One of TROUBLES. `leading` is the incident's strongest degradation: it tells voice from data, and what drifts."""
    if leading is not None and leading.kpi.startswith(_VOICE):
        return "dropping" if "drop" in leading.kpi else "calls"
    if incident.kind in _BY_KIND:
        return _BY_KIND[incident.kind]
    return _BY_FAMILY.get(leading.family, "connecting") if leading else "connecting"
