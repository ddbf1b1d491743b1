"""Shares, spans of time, rates and counts as a person reads them."""

from math import floor, log10

WEEKS_A_YEAR = 365.25 / 7


def percent(value: float) -> str:
    """
    >>> percent(0.613), percent(0.998), percent(1.0), percent(0.004), percent(0.0)
    ('61 %', '99.8 %', '100 %', '0.4 %', '0 %')
    """
    fine = value > 0.99 or 0 < value < 0.0095
    return f"{value:.1%}".replace("%", " %").replace(".0 %", " %") if fine else f"{value:.0%}".replace("%", " %")


def span(seconds: float) -> str:
    """A length of time in the unit that a person would choose.

    >>> span(1500), span(-300), span(9000), span(200000), span(604800), span(0)
    ('25 min', '-5 min', '2.5 h', '2.3 days', '7 days', '0 min')
    """
    size = abs(seconds)
    if size < 7200:
        return f"{seconds / 60:.0f} min"
    number = f"{seconds / 3600:.1f}" if size < 172800 else f"{seconds / 86400:.1f}"
    return f"{number.removesuffix('.0')} {'h' if size < 172800 else 'days'}"


def plain(value: float) -> str:
    """Two significant digits, three from a hundred on: more would claim what no replay knows.

    >>> plain(0.0), plain(0.2142), plain(1.0), plain(12.1), plain(571.2), plain(1076.3), plain(0.00004)
    ('0', '0.21', '1', '12', '571', '1,080', '0.00004')
    """
    if not value:
        return "0"
    digits = (2 if abs(value) < 100 else 3) - 1 - floor(log10(abs(value)))
    said = f"{round(value, digits):,.{max(digits, 0)}f}"
    return said.rstrip("0").rstrip(".") if digits > 0 else said


def how_often(a_week: float) -> str:
    """
    >>> how_often(12.3), how_often(1.2), how_often(0.3), how_often(0.002), how_often(0.0)
    ('about 12 a week', 'about one a week', 'about one every 3 weeks', 'about one every 10 years', 'none')
    """
    if a_week <= 0:
        return "none"
    if a_week >= 0.75:
        return f"about {'one' if a_week < 1.5 else plain(round(a_week))} a week"
    weeks = 1 / a_week
    if weeks < WEEKS_A_YEAR:
        return f"about one every {weeks:.0f} weeks"
    years = weeks / WEEKS_A_YEAR
    if years < 1.5:
        return "about one a year"
    return f"about one every {plain(round(years))} years" if years < 100 else "next to none"


def counted(number: int, noun: str) -> str:
    """
    >>> counted(1, "fault"), counted(1200, "cell")
    ('1 fault', '1,200 cells')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
