"""Degradations with one cause become one incident, from opening to resolution."""

from detector.incidents.correlate import correlate
from detector.incidents.lifecycle import withdrawn, worth_telling
from detector.incidents.reason import explanation
from detector.incidents.roots import Cause, causes
from detector.incidents.times import end_with

__all__ = ["Cause", "causes", "correlate", "end_with", "explanation", "withdrawn", "worth_telling"]
