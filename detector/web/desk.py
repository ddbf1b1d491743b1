"""What care teams tell and ask beside the incident: feedback, reports, what is known of a customer."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from detector.care.context import Context
from detector.domain.feedback import Feedback
from detector.reports import Report


class Desk(Protocol):
    """`give_feedback`, `contexts` and `context` are written to the audit log before anything is done or told."""

    def feedback(self, incident_id: str) -> Sequence[Feedback]:
        """In the order in which it came."""
        ...

    def give_feedback(
        self, incident_id: str, verdict: str, actor: str, *, raw_subscriber: str | None = None, outcome: str = ""
    ) -> Feedback: ...

    def contexts(self, incident_id: str, people: Sequence[str], actor: str) -> Mapping[str, Context]:
        """Pseudonym -> what an agent needs to know of that person beside this incident."""
        ...

    def context(self, raw_subscriber: str, actor: str) -> Context:
        """The same of a caller, by raw identity."""
        ...

    def report(self, name: str, *, start: int | None, end: int | None, step: str) -> Report:
        """Misconfigured for an unknown report, or a window that ends before it begins."""
        ...
