"""Counts of people as outsiders may see them."""

from collections.abc import Sequence
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


def steady(count: float, said: Sequence[int | None], floor: int) -> int | None:
    """The same after the count shown last (`said`: that alone, or nothing yet): it stays until the count lies more than one
    person beyond what it may stand for. So one person more or less, on whichever side of a step the count lies, never turns
    the answer to and fro, and each answer stands for several counts.

    >>> [steady(count, [5], 5) for count in (4, 5, 8, 9)], [steady(count, [10], 5) for count in (5, 7, 13, 14)]
    ([None, 5, 5, 10], [5, 10, 10, 15])
    >>> [steady(count, [None], 5) for count in (4, 5, 6)], steady(5, [], 5)
    ([None, None, 5], 5)
    """
    count_shown = shown(count, floor)
    if not said or count_shown is None:
        return count_shown
    before, step = said[-1], max(floor, 1)
    stays = count < step + 1 if before is None else abs(count - before) <= step / 2 + 1
    return before if stays else count_shown


def shown_interval(low: float, high: float, floor: int) -> list[int]:
    """Rounded outwards, so that it still holds the truth: low is 0 where it would be under the floor.

    >>> shown_interval(3.2, 42.0, 5)
    [0, 45]
    """
    step = max(floor, 1)
    return [int(max(low, 0.0) // step) * step, int(-(-high // step)) * step]


def steady_interval(low: float, high: float, said: Sequence[int] | None, floor: int) -> list[int]:
    """The interval that was shown last, as long as it holds the truth and is less than two steps too wide on either side.

    >>> steady_interval(12.0, 31.0, [10, 40], 5), steady_interval(9.0, 31.0, [10, 40], 5)
    ([10, 40], [5, 35])
    """
    step = max(floor, 1)
    if said and said[0] <= max(low, 0.0) < said[0] + 2 * step and said[1] - 2 * step < high <= said[1]:
        return list(said)
    return shown_interval(low, high, floor)
