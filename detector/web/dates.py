"""Moments as the pages write them: always with date and zone, in an element that machines read, too."""

from markupsafe import Markup

from detector.domain.window import utc
from detector.labels import times


def moment(at: float, timezone: str) -> Markup:
    """A `<time>` element for `at` (s since the epoch).

    >>> print(moment(1774339200, "Europe/Zurich"))
    <time datetime="2026-03-24T08:00:00Z">Tue 24 Mar, 09:00 CET</time>
    """
    return Markup('<time datetime="{}">{}</time>').format(f"{utc(at):%Y-%m-%dT%H:%M:%SZ}", times.clock(at, timezone))
