"""When people began to complain about an incident: the other end of the lead time."""

from collections.abc import Collection, Iterable

from detector.domain.interaction import Interaction


def first_complaint(interactions: Iterable[Interaction], *, cells: Collection[str], people: Collection[str]) -> int | None:
    """When (s) the first of these people (pseudonyms), or anyone behind these cells, complained; None = nobody has.

    >>> calls = [Interaction(interaction_id="k2", at=700, kind="contact", channel="call", subscriber="sub_2",
    ...     category="network")]
    >>> calls += [Interaction(interaction_id="k1", at=500, kind="contact", channel="call", subscriber="sub_1",
    ...     category="billing")]
    >>> first_complaint(calls, cells=(), people={"sub_1", "sub_2"})
    700
    """
    about = (i for i in interactions if i.about_network and (i.cell_id in cells or i.subscriber in people))
    return min((i.at for i in about), default=None)


def is_network_contact(one: Interaction) -> bool:
    """A person got in touch about the network: what the complaint risk predicts.

    >>> is_network_contact(Interaction(interaction_id="k1", at=500, kind="contact", channel="call", subscriber="sub_1",
    ...     category="network"))
    True
    """
    return one.kind == "contact" and one.category == "network" and bool(one.subscriber)
