"""What a report may say of people: counts in steps of the floor, and nothing at all of fewer."""

from detector.care.privacy import shown
from detector.reports.report import Past


def people_shown(count: float, floor: int) -> int | None:
    """The nearest step of the floor; None under it."""
    return shown(count, floor)


def few(count: float, floor: int) -> bool:
    """Fewer than may be told of; a mean, a sum or a place of them would tell of one of them.

    >>> few(4.2, 5), few(0, 5), few(5, 5)
    (True, True, False)
    """
    return shown(count, floor) is None


def said_of_withdrawn(past: Past) -> tuple[str, ...]:
    """Who is in no figure."""
    if not past.withdrew:
        return ()
    told = people_shown(past.withdrew, past.floor)
    number = f"Fewer than {past.floor}" if told is None else f"About {told:,}"
    return (f"{number} people who withdrew network_care_analysis are in no figure.",)
