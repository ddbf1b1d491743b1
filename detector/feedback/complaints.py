"""When people began to complain about an incident: the other end of the lead time."""

from collections.abc import Collection, Iterable

from detector.domain.customer import Contact

NETWORK = ("network", "")
"""Categories that may be about the network: a contact nobody has sorted counts."""


def first_complaint(contacts: Iterable[Contact], *, cells: Collection[str], people: Collection[str]) -> int | None:
    """When (s) the first of these people (pseudonyms), or anyone behind these cells, complained; None = nobody has.

    >>> calls = [Contact("k2", 700, "call", "sub_2", "network"), Contact("k1", 500, "call", "sub_1", "billing")]
    >>> first_complaint(calls, cells=(), people={"sub_1", "sub_2"})
    700
    """
    about = (c for c in contacts if c.category in NETWORK and (c.cell_id in cells or c.subscriber in people))
    return min((c.at for c in about), default=None)
