"""Care teams' answers to an incident of which they were notified."""

from dataclasses import dataclass

VERDICTS = ("confirmed", "false_alarm", "wrong_cause", "resolved_for_customer", "not_resolved_for_customer")
"""Of the incident: it is real, it is not, it is real but has another cause; of one customer: all is well again, or not."""
OUTCOMES = ("", "reached", "not_reached", "offer_taken", "offer_declined", "already_knew")
"""What became of the contact."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One append-only row; no free text, so that no words about a person are kept. at: wall time in s; `subscriber`: a
    pseudonym, empty where it is about the incident as a whole."""

    incident_id: str
    at: float
    actor: str
    verdict: str
    subscriber: str = ""
    outcome: str = ""
