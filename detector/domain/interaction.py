"""Customer interactions in one stream: contacts by any channel, social posts, surveys (TMF683 party interactions)."""

from dataclasses import dataclass

CATEGORIES = ("network", "billing", "device", "other")
MAYBE_NETWORK = ("network", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One of them, without its words. kind: contact, post or survey. `at` in s; `subscriber` is a pseudonym, empty where
    nobody is named.

    category: one of CATEGORIES, empty = not known; `sorted_by`: `told` (a field of the row), text (derived from the words).
    sentiment: -1 (angry) to 1 (pleased), None = no word with a mood. cell_id: as reported, or the cell nearest to the
    reported place. score: of a survey, 0 to 10. trigger: the event after which a survey was sent. reaction: to the
    interactions before it: repeat, escalation or reopened, empty = nothing.
    """

    interaction_id: str
    at: int
    kind: str
    channel: str
    subscriber: str = ""
    category: str = ""
    sorted_by: str = ""
    sentiment: float | None = None
    cell_id: str = ""
    score: float | None = None
    trigger: str = ""
    outcome: str = ""
    reaction: str = ""

    @property
    def about_network(self) -> bool:
        """A contact or post that is or may be about the network: one without a category counts (CONTRACTS.md, section 4)."""
        return self.kind != "survey" and self.category in MAYBE_NETWORK
