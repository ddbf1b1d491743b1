"""Whom care may approach, what it does, and what it says."""

from detector.care.compose import compose
from detector.care.consent import permission, permitted_channels
from detector.care.decide import Reach, decide, in_quiet_hours, reach
from detector.care.lookup import LookupAnswer, lookup
from detector.care.say import sentence
from detector.care.telling import Room, lasted, margin, sure

__all__ = [
    "LookupAnswer", "Reach", "Room", "compose", "decide", "in_quiet_hours", "lasted", "lookup", "margin", "permission",
    "permitted_channels", "reach", "sentence", "sure",
]  # fmt: skip
