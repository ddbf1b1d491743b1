"""Degradations with one cause become one incident, from opening to resolution."""

from detector.incidents.correlate import correlate
from detector.incidents.lifecycle import notified_fields, withdraw
from detector.incidents.reason import explanation
from detector.incidents.times import end_with_incident

__all__ = ["correlate", "end_with_incident", "explanation", "notified_fields", "withdraw"]
