"""When a drift turns graver: a straight one, a noisy one, one that stands still, one with gaps."""

from dataclasses import replace

import numpy as np
import pytest

from detector.domain.evidence import Band
from detector.domain.kpi import Kpi
from detector.outlook import breach_of, shortfall_by_hour
from detector.outlook.breach import hours_to_reach

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
DROPS = Kpi(
    id="drop",
    title="Drops",
    unit="1/s",
    kind="rate",
    direction="down",
    family="retainability",
    technology="LTE",
    clause="",
    numerator="a",
    denominator="b",
)
STEPS = ((0.03, "minor"), (0.1, "major"))
NOW = 1_000_000


def band(observed, expected, kpi=RATE, duration_s=3600):
    observed = np.asarray(observed, float)
    starts = NOW - duration_s * np.arange(len(observed), 0, -1)
    blank = np.full(len(observed), np.nan)
    return Band(
        object_id="c1",
        kpi=kpi,
        starts=starts,
        duration_s=duration_s,
        observed=observed,
        expected=np.full(len(observed), expected),
        low=blank,
        high=blank,
    )


def test_a_straight_drift_is_carried_on_to_its_next_severity():
    found = breach_of(band(0.99 - 0.001 * np.arange(41), 0.99), STEPS, made_at=NOW)
    assert found is not None
    assert (found.object_id, found.kpi, found.severity, found.limit) == ("c1", "rrc", "major", pytest.approx(0.89))
    assert found.at == found.low == found.high == NOW + 60 * 3600


def test_noise_widens_the_interval_on_both_sides():
    rng = np.random.default_rng(3)
    found = breach_of(band(0.99 - 0.001 * np.arange(41) + 0.004 * rng.standard_normal(41), 0.99), STEPS, made_at=NOW)
    assert found is not None
    assert found.low is not None
    assert found.at is not None
    assert found.low < found.at
    assert found.high is None, "perhaps not within three days"


@pytest.mark.parametrize(
    ("observed", "said"), [(np.full(40, 0.98), (None, None, None)), (np.linspace(0.95, 0.98, 40), (None, None, None))]
)
def test_what_is_stable_or_improves_is_not_expected_to_become_more_severe(observed, said):
    found = breach_of(band(observed, 0.99), STEPS, made_at=NOW)
    assert found is not None
    assert (found.at, found.low, found.high) == said


def test_nothing_is_forecast_of_the_most_severe_nor_of_the_unknown():
    assert breach_of(band(np.full(40, 0.6), 0.99), STEPS, made_at=NOW) is None
    assert breach_of(band([*[np.nan] * 40, *[0.97] * 8], 0.99), STEPS, made_at=NOW) is None


def test_drops_are_weighed_as_a_multiple():
    drift = 0.001 * 2.0 ** (np.arange(41) / 20)
    found = breach_of(band(drift, 0.001, DROPS), ((np.log(2), "minor"), (np.log(5), "major")), made_at=NOW)
    assert found is not None
    assert (found.severity, found.limit) == ("major", pytest.approx(0.005))
    assert found.at == NOW + 7 * 3600


def test_periods_are_joined_to_hours_that_end_now():
    quarters = np.repeat([0.99, 0.97, 0.95], 4)
    short = band([0.5, *quarters], 0.99, duration_s=900)
    assert shortfall_by_hour(short) == pytest.approx([0.0, 0.02, 0.04])
    holed = replace(short, observed=np.where(np.arange(13) == 6, np.nan, short.observed))
    assert shortfall_by_hour(holed) == pytest.approx([0.0, 0.02, 0.04])


def test_the_closed_form_is_the_structural_model_of_statsmodels():
    structural = pytest.importorskip("statsmodels.tsa.statespace.structural", reason="only the benches need statsmodels")
    rng = np.random.default_rng(8)
    level = np.cumsum(0.05 + 0.3 * rng.standard_normal(48))
    model = structural.UnobservedComponents(level, "random walk with drift").fit(disp=False)
    forecast = model.get_forecast(72)
    limit = float(forecast.predicted_mean[40])
    low = forecast.predicted_mean + 1.2815515655446004 * forecast.se_mean
    said = hours_to_reach(level, limit)
    assert said[0] == pytest.approx(41, abs=1)
    assert said[1] == pytest.approx(int((low >= limit).argmax()) + 1, abs=1)
