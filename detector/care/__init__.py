"""Whom care may approach, what it does, and what it says."""

from detector.care.compose import compose
from detector.care.consent import permission, permitted_channels
from detector.care.decide import Reach, decide, in_quiet_hours, reach
from detector.care.lookup import LookupAnswer, lookup
from detector.care.say import sentence

__all__ = [
    "LookupAnswer", "Reach", "compose", "decide", "in_quiet_hours", "lookup", "permission", "permitted_channels", "reach",
    "sentence",
]  # fmt: skip
