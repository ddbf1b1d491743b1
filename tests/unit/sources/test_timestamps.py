"""Every spelling of time that PM files use."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.window import utc
from detector.sources.timestamps import duration_s, timestamp_s

EIGHT = 1774339200  # 2026-03-24T08:00:00Z


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT900S", 900),
        ("PT15M", 900),
        ("PT1H", 3600),
        ("PT0H15M0S", 900),
        ("P1D", 86400),
        ("PT900.0S", 900),
        (" PT60S ", 60),
    ],
)
def test_durations(text, seconds):
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "some duration", "900", "PT0S", "P1Y", "PT1.5S", "-PT900S", "@log-period@"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is no"):
        duration_s(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-24T08:00:00Z",
        "2026-03-24T15:00:00+07:00",
        "2026-03-24T09:00:00+0100",
        "2026-03-24T09:00:00+01",
        "2026-03-24T08:00:00.500Z",
        "2026-03-24 08:00:00+00:00",
        "20260324T080000Z",
        "2026-03-24T02:00:00-06:00",
    ],
)
def test_offsets(text):
    assert timestamp_s(text) == (EIGHT, True)


def test_without_an_offset_the_given_zone_is_taken_with_a_finding():
    assert timestamp_s("2026-03-24T09:00:00", ZoneInfo("Europe/Berlin")) == (EIGHT, False)


def test_midnight_may_be_written_as_the_end_of_the_day():
    assert timestamp_s("2026-03-23T24:00:00Z") == timestamp_s("2026-03-24T00:00:00Z")


@pytest.mark.parametrize("text", ["", "ENDTIME", "2026-03-24", "2026-13-01T00:00:00Z", "@end-time@", "08:00:00"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="is no time"):
        timestamp_s(text)


@given(st.integers(0, 4_000_000_000), st.integers(-14 * 4, 14 * 4))
def test_a_time_written_with_any_offset_is_the_same_moment(at, quarters):
    sign, minutes = "-" if quarters < 0 else "+", abs(quarters) * 15
    local = utc(max(at + quarters * 900, 0)).replace(tzinfo=None)
    instant_s = max(at + quarters * 900, 0) - quarters * 900
    assert timestamp_s(f"{local.isoformat()}{sign}{minutes // 60:02d}:{minutes % 60:02d}")[0] == instant_s
