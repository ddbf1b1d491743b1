"""Contacts, posts and surveys become one stream of interactions; their words are read here and go no further."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from detector.domain.cell import Topology
from detector.domain.customer import Contact, Survey
from detector.domain.finding import Findings
from detector.domain.interaction import CATEGORIES, Interaction
from detector.domain.window import DAY_S
from detector.feedback.contact_text import MOST_READ, Reading, words
from detector.feedback.places import Nearest

REPEAT_S = 7 * DAY_S
"""A contact within a week about the same matter was not resolved the first time. Chosen: the usual span of first contact
resolution."""
ASKED_AFTER_S = 3 * DAY_S
"""A survey without a trigger is about the newest contact of so long before. Chosen: three days, a weekend included."""


def interactions_of(
    contacts: Iterable[Contact],
    surveys: Iterable[Survey],
    known: Iterable[Interaction],
    topology: Topology,
    findings: Findings,
    language_of: Callable[[str], str] = lambda _person: "",
) -> list[Interaction]:
    """New contacts and surveys as interactions, in order of time. `known`: interactions of these people in the
    REPEAT_S before; the same rows give the same interactions again, whatever of them is known already. `language_of`: a
    person's language, by pseudonym, empty where it is not known.

    A contact is sorted by its own category, or by its words if it has none of CATEGORIES; it is placed at its cell, or at
    the one nearest to its coordinates. A text longer than MOST_READ characters is read in its beginning, which is a
    finding, and so are an unknown category and an unknown cell.
    """
    converter = _Converter(topology, Nearest(topology), findings, language_of)
    made = [converter.from_contact(contact) for contact in contacts] + [converter.from_survey(survey) for survey in surveys]
    made.sort(key=lambda i: (i.at, i.interaction_id))
    return _in_context(made, known)


@dataclass(frozen=True, eq=False)
class _Converter:
    topology: Topology
    nearest: Nearest
    findings: Findings
    language_of: Callable[[str], str]

    def from_contact(self, contact: Contact) -> Interaction:
        """A contact, or a social post by nobody who is known."""
        reading = self._read(contact.text, contact.subscriber, "contacts")
        given = self._given_category(contact.category)
        category = given or reading.category
        return Interaction(
            interaction_id=contact.contact_id,
            at=contact.at,
            kind="post" if contact.channel == "social" and not contact.subscriber else "contact",
            channel=contact.channel,
            subscriber=contact.subscriber,
            category=category,
            sorted_by="told" if given else "text" if category else "",
            sentiment=reading.sentiment,
            cell_id=self._place(contact),
            outcome=contact.outcome,
            reaction="escalation" if contact.escalated else "reopened" if contact.reopened else "",
        )

    def from_survey(self, survey: Survey) -> Interaction:
        """A survey's answer; what it is about is in its words, if anywhere."""
        reading = self._read(survey.text, survey.subscriber, "surveys")
        return Interaction(
            interaction_id=survey.survey_id,
            at=survey.at,
            kind="survey",
            channel="survey",
            subscriber=survey.subscriber,
            category=reading.category,
            sorted_by="text" if reading.category else "",
            sentiment=reading.sentiment,
            score=survey.score,
            trigger=survey.trigger,
        )

    def _read(self, text: str, subscriber: str, where: str) -> Reading:
        if len(text) > MOST_READ:
            self.findings.add("long_text", where, f"{len(text):,} characters, of which the first {MOST_READ:,} were read")
        return words().read(text, self.language_of(subscriber) if subscriber else "")

    def _given_category(self, category: str) -> str:
        given = category.strip().lower()
        if not given or given in CATEGORIES:
            return given
        self.findings.add("unknown_category", "contacts", f"a category that is none of {', '.join(CATEGORIES)}")
        return ""

    def _place(self, contact: Contact) -> str:
        if contact.cell_id in self.topology.cells:
            return contact.cell_id
        if contact.cell_id:
            self.findings.add("unknown_place", "contacts", "a contact names a cell that is not in cells.csv")
        if contact.latitude is None or contact.longitude is None:
            return ""
        return self.nearest(contact.latitude, contact.longitude)


def _in_context(made: Sequence[Interaction], known: Iterable[Interaction]) -> list[Interaction]:
    """Each with its reaction to those before it."""
    new = {one.interaction_id for one in made}
    before: dict[str, list[Interaction]] = {}
    for one in sorted((k for k in known if k.interaction_id not in new), key=lambda k: (k.at, k.interaction_id)):
        before.setdefault(one.subscriber, []).append(one)
    found = []
    for one in made:
        past = before.setdefault(one.subscriber, []) if one.subscriber else []
        found.append(_after(one, [old for old in past if old.at <= one.at]))
        past.append(one)
    return found


def _after(one: Interaction, past: Iterable[Interaction]) -> Interaction:
    contacts = [old for old in past if old.kind == "contact"]
    if one.kind == "survey":
        asked = not one.trigger and any(one.at - old.at <= ASKED_AFTER_S for old in contacts)
        return replace(one, trigger="contact") if asked else one
    again = any(old.category == one.category and one.at - old.at <= REPEAT_S for old in contacts)
    return replace(one, reaction="repeat") if again and one.category and not one.reaction else one
