"""Contacts, posts and surveys become one stream of interactions; their words are read here and go no further."""

from detector.domain.customer import Contact, Survey
from detector.domain.interaction import Interaction


def heard(contact: Contact) -> Interaction:
    """A contact, or a social post by nobody who is known.

    >>> heard(Contact("k1", 500, "social", category="network", text="no bars since noon")).kind
    'post'
    """
    kind = "post" if contact.channel == "social" and not contact.subscriber else "contact"
    reaction = "escalation" if contact.escalated else "reopened" if contact.reopened else ""
    return Interaction(
        contact.contact_id, contact.at, kind, contact.channel, contact.subscriber, contact.category,
        "told" if contact.category else "", cell_id=contact.cell_id, outcome=contact.outcome, reaction=reaction,
    )  # fmt: skip


def answered(survey: Survey) -> Interaction:
    """A survey's answer."""
    return Interaction(
        survey.survey_id, survey.at, "survey", "survey", survey.subscriber, score=survey.score, trigger=survey.trigger
    )
