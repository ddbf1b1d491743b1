"""Numbers as text: per cent, MB, Mbit/s, minutes, with as many digits as are significant."""

from collections.abc import Mapping
from math import floor, isfinite, log10

from detector.domain.kpi import Kpi

_BYTES: Mapping[str, float] = {
    "bit": 1 / 8,
    "kbit": 125.0,
    "Mbit": 125e3,
    "Gbit": 125e6,
    "B": 1.0,
    "byte": 1.0,
    "bytes": 1.0,
    "octets": 1.0,
    "kB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "TB": 1e12,
}
"""Units of data volume, in bytes (decimal prefixes, IEC 80000-13)."""
_MBIT = 1e6 / 8
"""Bytes of a megabit. Definition."""
_SECONDS: Mapping[str, float] = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_COUNTED: Mapping[str, str] = {"UEs": "users", "PRBs": "resource blocks"}
_DIGITS = 3
"""Significant digits of a figure in a sentence. Chosen: counts resolve no more."""
_WEEKS_A_YEAR = 365.25 / 7
"""Weeks of a year. Definition."""


def scale(kpi: Kpi, largest: float) -> tuple[float, str]:
    """(factor, unit) that make this KPI's values readable where `largest` is the largest of them: a ratio in per cent, data
    in bytes, speeds in Mbit/s, what happens per second per hour, what happens per item per 100 of them.

    >>> volume = Kpi(id="v", title="Data volume", unit="kbit", kind="volume", direction="up", family="volume",
    ...     technology="LTE", clause="", numerator="a")
    >>> scale(volume, 1_033_888.0), scale(volume, 0.0)
    ((0.000125, 'MB'), (125.0, 'B'))
    >>> scale(Kpi(id="r", title="Drops", unit="1/s", kind="rate", direction="down", family="retainability",
    ...     technology="LTE", clause="", numerator="a", denominator="b"), 0.001)
    (3600.0, 'per hour')
    >>> scale(Kpi(id="d", title="Lost", unit="drops/bearer", kind="rate", direction="down", family="retainability",
    ...     technology="LTE", clause="", numerator="a", denominator="b"), 0.02)
    (100.0, 'drops per 100 bearers')
    """
    if kpi.traits.per_cent:
        return 100.0, "%"
    what, _, per = kpi.unit.partition("/")
    if not per:
        return _plain_scale(what, largest)
    if what in _BYTES and per in _SECONDS:
        return _BYTES[what] / _SECONDS[per] / _MBIT, "Mbit/s"
    counted = "" if what == "1" else f"{_COUNTED.get(what, what)} "
    if per in _SECONDS:
        return 3600.0 / _SECONDS[per], f"{counted}per hour"
    if per in _BYTES:
        return 1e9 / _BYTES[per], f"{counted}per GB"
    return 100.0, f"{counted}per 100 {per}s"


def _plain_scale(unit: str, largest: float) -> tuple[float, str]:
    if unit in _BYTES:
        size, name = _step(largest * _BYTES[unit], ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")))
        return _BYTES[unit] / size, name
    if unit in _SECONDS:
        size, name = _step(largest * _SECONDS[unit], ((7200.0, "h"), (120.0, "min"), (1.0, "s"), (1e-3, "ms")))
        size = {"h": 3600.0, "min": 60.0}.get(name, size)
        return _SECONDS[unit] / size, name
    return 1.0, _COUNTED.get(unit, unit)


def _step(largest: float, steps: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    return next((step for step in steps if isfinite(largest) and abs(largest) >= step[0]), steps[-1])


def value(kpi: Kpi | None, one: float) -> str:
    """With its unit; "no value" for NaN.

    >>> value(Kpi(id="x", title="X", unit="%", kind="ratio", direction="up", family="accessibility", technology="LTE",
    ...     clause="", numerator="a", denominator="b"), 0.91407)
    '91.4 %'
    """
    return pair(kpi, one, one)[0]


def pair(kpi: Kpi | None, observed: float, expected: float) -> tuple[str, str]:
    """Both in the same unit, with as many digits as it takes to distinguish them.

    >>> volume = Kpi(id="v", title="Data volume", unit="kbit", kind="volume", direction="up", family="volume",
    ...     technology="LTE", clause="", numerator="a")
    >>> pair(volume, 13_169.0, 1_033_888.0)
    ('1.65 MB', '129 MB')
    >>> pair(Kpi(id="x", title="X", unit="%", kind="ratio", direction="up", family="accessibility", technology="LTE",
    ...     clause="", numerator="a", denominator="b"), 0.9938, 0.9941)
    ('99.38 %', '99.41 %')
    """
    factor, unit = (1.0, "")
    if kpi is not None:
        factor, unit = scale(kpi, max((abs(v) for v in (observed, expected) if isfinite(v)), default=0.0))
    if unit == "%":
        return _percents(observed, expected)
    digits = next((d for d in (_DIGITS, 5) if number(observed * factor, d) != number(expected * factor, d)), _DIGITS)

    def text(one: float) -> str:
        return f"{number(one * factor, digits)} {unit}".rstrip() if isfinite(one) else "no value"

    return text(observed), text(expected)


def _percents(one: float, other: float) -> tuple[str, str]:
    alike = isfinite(one) and isfinite(other) and one != other and percent(one) == percent(other)
    digits = 2 if alike else 1
    return percent(one, digits), percent(other, digits)


def percent(share: float, digits: int = 1) -> str:
    """Never all or nothing unless it is.

    >>> [percent(share) for share in (0.914, 1.0, 0.9998, 0.0, 0.0001)]
    ['91.4 %', '100 %', 'over 99.9 %', '0 %', 'under 0.1 %']
    """
    if not isfinite(share):
        return "no value"
    if share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    least = 10.0**-digits
    if share > 0 and 100 * share < least / 2:
        return f"under {least:.{digits}f} %"
    if share < 1 and 100 * (1 - share) < least / 2:
        return f"over {100 - least:.{digits}f} %"
    return f"{100 * share:.{digits}f} %"


def rough_percent(share: float) -> str:
    """Whole per cent, tenths near none and all: for a share that rests on few cases.

    >>> [rough_percent(share) for share in (0.613, 0.998, 1.0, 0.004, 0.0)]
    ['61 %', '99.8 %', '100 %', '0.4 %', '0 %']
    """
    return percent(share, 1 if share > 0.99 or share < 0.0095 else 0)


def chance(p: float) -> str:
    """A probability, which is never certain.

    >>> [chance(p) for p in (0.29, 0.999, 0.001, 1.0)]
    ['29 %', 'over 99 %', 'under 1 %', 'over 99 %']
    """
    if p >= 0.995:
        return "over 99 %"
    return "under 1 %" if p < 0.005 else f"{100 * p:.0f} %"


def rare(p: float) -> str:
    """A p-value: in per cent, and no smaller than anybody could have counted.

    >>> [rare(p) for p in (0.25, 0.004, 3e-12, 0.0)]
    ['25 %', '0.4 %', 'under 1 in a million', 'under 1 in a million']
    """
    if p < 1e-6:
        return "under 1 in a million"
    return f"{number(100 * p)} %" if p >= 1e-5 else "under 1 in 100,000"


def by_chance(neg_log10_p: float) -> str:
    """How seldom chance alone does it. Beyond one in a million the tail has not been observed.

    >>> [by_chance(s) for s in (0.5, 2.0, 3.25, 12.0)]
    ['', 'by chance once in 100', 'by chance once in 1,780', 'practically certain']
    """
    if not neg_log10_p >= 1.0:
        return ""
    return f"by chance once in {number(10**neg_log10_p)}" if neg_log10_p < 6 else "practically certain"


def number(one: float, digits: int = _DIGITS) -> str:
    """Three significant digits (`digits`), no exponent.

    >>> [number(one) for one in (1_033_888.0, 2.5, 0.0312, 0.00002, 0.0, 21.04, 999.6)]
    ['1,030,000', '2.5', '0.0312', 'under 0.001', '0', '21', '1,000']
    """
    if not isfinite(one):
        return "no value"
    if one == 0:
        return "0"
    if abs(one) < 0.001:
        return "under 0.001" if one > 0 else "about 0"
    rounded = round(one, digits - 1 - floor(log10(abs(one))))
    return f"{rounded:,.0f}" if abs(rounded) >= 10 ** (digits - 1) else f"{rounded:,.{digits}g}"


def rough_number(one: float) -> str:
    """Two significant digits, three from a hundred on: for what a replay or a model estimates.

    >>> [rough_number(one) for one in (0.0, 0.2142, 1.0, 12.1, 571.2, 1076.3, 0.00004)]
    ['0', '0.21', '1', '12', '571', '1,080', 'under 0.001']
    """
    return number(one, 2 if abs(one) < 100 else 3)


def how_often(a_week: float) -> str:
    """A rate per week in words.

    >>> [how_often(rate) for rate in (12.3, 1.2, 0.3, 0.002, 0.0)]
    ['about 12 a week', 'about one a week', 'about one every 3 weeks', 'about one every 10 years', 'none']
    """
    if a_week <= 0:
        return "none"
    if a_week >= 0.75:
        return f"about {'one' if a_week < 1.5 else rough_number(round(a_week))} a week"
    weeks = 1 / a_week
    if weeks < _WEEKS_A_YEAR:
        return f"about one every {weeks:.0f} weeks"
    years = weeks / _WEEKS_A_YEAR
    if years < 1.5:
        return "about one a year"
    return f"about one every {rough_number(round(years))} years" if years < 100 else "next to none"


def counted(number_of: int, noun: str) -> str:
    """
    >>> counted(1, "fault"), counted(1200, "cell")
    ('1 fault', '1,200 cells')
    """
    return f"{number_of:,} {noun}{'' if number_of == 1 else 's'}"


def count(one: float) -> str:
    """A count as measured: whole where it is whole.

    >>> count(11180.0), count(0.25), count(26.9999), count(12.5)
    ('11,180', '0.25', '27', '12.5')
    """
    if not isfinite(one):
        return "no value"
    rounded = round(one, 2)
    return f"{one:,.0f}" if rounded == round(rounded) or abs(one) >= 100 else f"{rounded:,}"


def counts(kpi: Kpi | None, numerator: float, denominator: float) -> str:
    """What a ratio is made of; availability in minutes. Empty for anything that is not counted.

    >>> counts(Kpi(id="a", title="Cell availability", unit="%", kind="ratio", direction="up", family="availability",
    ...     technology="LTE", clause="", numerator="a", denominator="b"), 531.0, 900.0)
    '8.85 of 15 min'
    >>> counts(Kpi(id="x", title="X", unit="%", kind="ratio", direction="up", family="accessibility", technology="LTE",
    ...     clause="", numerator="a", denominator="b"), 10220.0, 11180.0)
    '10,220 of 11,180'
    """
    if kpi is None or not kpi.traits.fraction or not (isfinite(numerator) and denominator >= 1):
        return ""
    if kpi.watches.downtime:
        return f"{number(numerator / 60)} of {number(denominator / 60)} min"
    return f"{count(numerator)} of {count(denominator)}"
