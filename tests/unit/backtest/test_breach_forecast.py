"""Whether a drift got as far as it was told to, when it was told to."""

import numpy as np
import pytest

from detector.backtest.breach_forecast import HORIZON_S, breach_time_coverage, breach_time_error
from detector.backtest.matching import Matches
from detector.backtest.results import Results
from detector.backtest.truth import Truth
from detector.domain.evidence import Band
from detector.domain.kpi import Kpi
from detector.domain.window import Window, utc

HOUR, ALERT = 3600, 1_000_000 - 1_000_000 % 3600
RATE = Kpi(
    id="rrc",
    title="RRC setup success",
    unit="%",
    kind="ratio",
    direction="up",
    family="accessibility",
    technology="LTE",
    clause="",
    numerator="a",
    denominator="b",
)


def band(hours, points_an_hour):
    """A ratio that gets worse in a straight line from the moment of the forecast on."""
    starts = ALERT + HOUR * np.arange(hours)
    blank = np.full(hours, np.nan)
    return Band(
        object_id="c1",
        kpi=RATE,
        starts=starts,
        duration_s=HOUR,
        observed=0.99 - points_an_hour * (np.arange(hours) + 1),
        expected=np.full(hours, 0.99),
        low=blank,
        high=blank,
    )


def judged(at, low, high, *, hours=80, points_an_hour=0.002):
    sides = {"at": at, "low": low, "high": high}
    iso = {side: None if h is None else utc(ALERT + h * HOUR).isoformat() for side, h in sides.items()}
    one = {"object": "c1", "kpi": "rrc", "severity": "major", "limit": 0.89} | iso
    alert = {"subject": "incident/i1", "data": {"expected": {"graver": [one]}}}
    window, drift_bands = Window(ALERT - HOUR, ALERT + hours * HOUR), {("i1", "c1", "rrc"): band(hours, points_an_hour)}
    results = Results(
        window=window,
        cells=10,
        settings_hash="hash",
        alerts=((alert, ALERT), (alert, ALERT + HOUR)),
        drift_bands=drift_bands,
    )
    return Matches(results, Truth(()), {}, None)


@pytest.mark.parametrize(
    ("forecast", "points", "error_h", "covered"),
    [
        pytest.param((49, 40, 60), 0.002, 2, 1, id="reached after 51 hours, two of them at 10 points on average"),
        pytest.param((30, 20, 40), 0.002, 21, 0, id="later than told"),
        pytest.param((None, None, None), 0.0005, 0, 1, id="not in three days, as told"),
        pytest.param((None, 60, None), 0.0005, 0, 1, id="perhaps not in three days, and so it was"),
        pytest.param((30, 20, 70), 0.0005, HORIZON_S // HOUR, 0, id="never, against what was told"),
        pytest.param((None, None, None), 0.002, HORIZON_S // HOUR, 0, id="a surprise"),
    ],
)
def test_a_forecast_is_held_against_what_was_measured(forecast, points, error_h, covered):
    matches = judged(*forecast, points_an_hour=points)
    assert (breach_time_error(matches).value, breach_time_error(matches).count) == (error_h * HOUR, 1)
    assert breach_time_coverage(matches).value == covered


def test_what_the_replay_did_not_see_the_end_of_is_left_out():
    assert breach_time_error(judged(60, 50, 70, hours=30)).count == 0
