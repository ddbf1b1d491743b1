"""95 % intervals of a share, of a rate and of the difference of two shares; good for small counts.

statsmodels is imported when an interval is computed: it takes seconds, and the pages import this module.
"""

ALPHA = 0.05
"""One minus the level of every interval that is shown. Chosen: the usual 95 %."""
Interval = tuple[float, float]


def share_interval(hits: int, count: int) -> Interval:
    """The score interval of hits / count (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927); `count` is positive. It holds for
    small counts, and at 0 and 1.

    >>> [round(bound, 4) for bound in share_interval(8, 10)]
    [0.4902, 0.9433]
    """
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(hits, count, alpha=ALPHA, method="wilson")
    return max(float(low), 0.0), min(float(high), 1.0)


def rate_interval(events: int, exposure: float) -> Interval:
    """The exact interval of events / exposure for a Poisson count (F. Garwood, Biometrika 28, 1936); `exposure` is positive.

    >>> [round(bound, 4) for bound in rate_interval(0, 2.0)]
    [0.0, 1.8444]
    """
    from statsmodels.stats.rates import confint_poisson

    low, high = confint_poisson(events, exposure, method="exact-c", alpha=ALPHA)
    return float(low), float(high)


def difference_interval(hits: int, count: int, other_hits: int, other_count: int) -> Interval:
    """Of two independent shares, hits / count less the other, by their score intervals (R. G. Newcombe, Stat. Med. 17, 1998,
    method 10); both counts are positive.

    >>> [round(bound, 4) for bound in difference_interval(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(hits, count, other_hits, other_count, method="newcomb", alpha=ALPHA)
    return float(low), float(high)
