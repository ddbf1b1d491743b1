"""Counts of people as outsiders may see them."""

from math import isfinite


def shown(count: float, floor: int) -> int | None:
    """The nearest multiple of the privacy floor; None (withheld) for anything under the floor, nobody included.

    Two successive counts so differ by nothing or by at least the floor, and a step may stand for one person or for many:
    neither a count, nor the difference of two updates, nor exposed minus affected points to a few people.

    >>> [shown(count, 5) for count in (0, 4, 5, 7, 8, 610.2)]
    [None, None, 5, 5, 10, 610]
    """
    step = max(floor, 1)
    return None if not isfinite(count) or count < step else int(count / step + 0.5) * step


def shown_interval(low: float, high: float, floor: int) -> list[int]:
    """Rounded outwards, so that it still holds the truth: low is 0 where it would be under the floor.

    >>> shown_interval(3.2, 42.0, 5)
    [0, 45]
    """
    step = max(floor, 1)
    return [int(max(low, 0.0) // step) * step, int(-(-high // step)) * step]
