"""95 % intervals of shares and of their difference, good for small groups."""

from math import sqrt

_Z = 1.959963984540054
Interval = tuple[float, float, float]
"""(value, low, high), to four decimals."""


def share(hits: int, count: int) -> Interval:
    """hits / count with the score interval (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927); `count` is positive.

    >>> share(8, 10)
    (0.8, 0.4902, 0.9433)
    """
    value, low, high = _score(hits, count)
    return round(value, 4), round(low, 4), round(high, 4)


def difference(hits: int, count: int, other_hits: int, other_count: int) -> Interval:
    """Of two independent shares, by their score intervals (R. G. Newcombe, Stat. Med. 17, 1998, method 10).

    >>> difference(56, 70, 48, 80)
    (0.2, 0.0524, 0.3339)
    """
    p, low, high = _score(hits, count)
    q, other_low, other_high = _score(other_hits, other_count)
    below = sqrt((p - low) ** 2 + (other_high - q) ** 2)
    above = sqrt((high - p) ** 2 + (q - other_low) ** 2)
    return round(p - q, 4), round(p - q - below, 4), round(p - q + above, 4)


def _score(hits: int, count: int) -> Interval:
    p, z2 = hits / count, _Z * _Z
    middle = (p + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z / (1 + z2 / count) * sqrt(p * (1 - p) / count + z2 / (4 * count * count))
    return p, max(middle - half, 0.0), min(middle + half, 1.0)
