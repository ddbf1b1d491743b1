"""What makes people call: the model finds what was put in, judges itself on later days, and knows when it knows nothing."""

import numpy as np
import pytest

from detector.domain.experience import HARMS, Experience
from detector.domain.interaction import Interaction
from detector.domain.risk import PAST, TODAY, Burden, RiskModel, features
from detector.domain.window import Window
from detector.feedback.logistic import logistic
from detector.feedback.risk import Days, days_of, fit_risk
from detector.feedback.risk_quality import judge
from detector.reports import Past
from detector.reports.complaint_risk import risk as report_of_risk

DAY = 86_400
MIDNIGHTS = [day * DAY for day in range(29)]


def lived(day: int, who: str, minutes: float, harm: str = "access", incidents: int = 1) -> Experience:
    return Experience(
        day=day * DAY,
        holder_kind="subscriber",
        holder=who,
        index=50.0,
        degraded_s=minutes * 60,
        failures=minutes / 10,
        worst=0.5,
        incidents=incidents,
        trend=0.0,
        by_harm={harm: minutes * 60},
    )


def call(at: int, who: str, category: str = "network") -> Interaction:
    return Interaction(
        interaction_id=f"k{at}{who}", at=at, kind="contact", channel="call", subscriber=who, category=category
    )


def operator(
    people: int = 1500, harm: str = "access", bother: float = 1.6, base: float = 0.0005
) -> tuple[list[Experience], list[Interaction]]:
    """A third of the people is hit on one day in five; each log minute of `harm` multiplies the odds of a call."""
    draw = np.random.default_rng(5)
    experience, calls = [], []
    for person in range(people):
        for day in range(28):
            minutes = float(draw.exponential(20.0)) if person % 3 == 0 and draw.random() < 0.2 else 0.0
            kind = HARMS[int(draw.integers(len(HARMS)))]
            if minutes:
                experience.append(lived(day, f"sub_{person}", minutes, kind))
            odds = base * np.exp(bother * np.log1p(minutes) * (kind == harm))
            if draw.random() < odds / (1 + odds):
                calls.append(call(day * DAY + 3600, f"sub_{person}"))
    return experience, calls


@pytest.fixture(scope="module")
def days() -> Days:
    return days_of({f"sub_{n}": "consumer" for n in range(1500)}, *operator(), MIDNIGHTS)


def test_what_makes_people_call_is_found_and_the_rest_is_not(days: Days) -> None:
    model, why_not = fit_risk(days, now=MIDNIGHTS[-1])
    assert why_not == ""
    assert model is not None
    weight = dict(zip(model.names, model.weights, strict=True))
    error = dict(zip(model.names, model.errors, strict=True))
    assert max(TODAY, key=lambda name: weight[name] / error[name]) == "access"
    assert all(abs(weight[harm]) < 3 * error[harm] + 0.3 for harm in HARMS if harm != "access")


def test_a_model_is_judged_on_later_days_and_is_calibrated(days: Days) -> None:
    model, _ = fit_risk(days, now=MIDNIGHTS[-1])
    assert model is not None
    judged, before = model.judged, model.judged_before
    assert judged is not None
    assert before is not None
    assert judged.low > 0.5
    assert abs(before.auc - 0.5) < 0.12, "calls follow the day itself here: the days before say nothing"
    assert judged.expected == pytest.approx(judged.observed, rel=0.5)


def test_the_days_that_stand_for_others_weigh_as_much(days: Days) -> None:
    assert days.weight.sum() == pytest.approx(1500 * 28)
    assert days.complaints == sum(1 for one in operator()[1])


def test_features_of_kept_days_are_those_of_a_burden() -> None:
    experience = [lived(3, "sub_1", 30, "drops"), lived(8, "sub_1", 12, "slow", incidents=2), lived(9, "sub_1", 5)]
    interactions = [call(5 * DAY, "sub_1"), call(9 * DAY + 60, "sub_1"), call(5 * DAY, "sub_1", "billing")]
    made = days_of({"sub_1": ""}, experience, interactions, MIDNIGHTS)
    row = int(np.flatnonzero(made.day == 9)[0])
    burden = Burden(minutes={"access": 5.0}, failures=0.5, week=42.0, incidents=3.0, days_since=1, contacts=1.0)
    np.testing.assert_allclose(made.x[row], features([burden], ())[0], rtol=1e-5)
    assert made.came[row]


def test_nobody_who_may_not_be_profiled_is_in_it() -> None:
    experience, calls = operator(300)
    made = days_of({"sub_1": ""}, experience, calls, MIDNIGHTS)
    assert made.people == 1
    assert made.weight.sum() == pytest.approx(28)


@pytest.mark.parametrize("calls", [0, 5, 59])
def test_too_few_complaints_make_no_model_and_say_so(calls: int) -> None:
    interactions = [call(n * DAY // 3, f"sub_{n}") for n in range(calls)]
    model, why_not = fit_risk(days_of({f"sub_{n}": "" for n in range(99)}, [], interactions, MIDNIGHTS), now=0)
    assert model is None
    assert why_not.startswith(f"{calls} days with a network contact")


def test_what_separates_perfectly_does_not_run_away() -> None:
    """Everyone who was refused called, and nobody else."""
    people = [f"sub_{n}" for n in range(2000)]
    experience = [lived(n % 28, people[n], 60.0) for n in range(100)]
    interactions = [call(n % 28 * DAY + 60, people[n]) for n in range(100)]
    model, _ = fit_risk(days_of(dict.fromkeys(people, ""), experience, interactions, MIDNIGHTS), now=0)
    assert model is not None
    calm, hit = model.chance([Burden(), Burden(minutes={"access": 60.0}, failures=6.0)])
    assert 0 < calm < 0.01
    assert 0.5 < hit < 1.0
    assert np.abs(model.weights).max() < 10


def test_a_model_goes_through_json_unchanged(days: Days) -> None:
    import json

    model, _ = fit_risk(days, now=7)
    assert model is not None
    assert RiskModel.from_json(json.loads(json.dumps(model.to_json()))) == model
    assert len(model.weights) == len(TODAY) + len(PAST)


def test_an_honest_chance_is_judged_calibrated_and_an_overbold_one_is_not() -> None:
    draw = np.random.default_rng(2)
    chance = draw.beta(1, 20, 20_000)
    came = draw.random(20_000) < chance
    honest = judge(chance, came, np.ones(20_000))
    bold = judge(1 / (1 + (1 / chance - 1) ** 2), came, np.ones(20_000))
    assert honest.slope == pytest.approx(1.0, abs=0.15)
    assert bold.slope == pytest.approx(0.5, abs=0.1)
    assert honest.low < honest.auc == bold.auc < honest.high
    assert all(abs(expected - seen) < 0.03 for expected, seen in honest.tenths)


def test_the_report_shows_what_makes_people_call_and_how_well_that_is_known(days: Days) -> None:
    model, _ = fit_risk(days, now=7)
    report = report_of_risk(Past(window=Window(0, DAY), risk=model))
    odds = {row["what"]: row for row in report.records()}
    assert odds["access"]["odds_low"] > 3
    assert any("without the day of the complaint: AUC" in note for note in report.notes)
    assert not report_of_risk(Past(window=Window(0, DAY), risk_why_not="12 complaints")).rows


@pytest.mark.parametrize("came", [[True] * 6, [False] * 6, [True, False] * 3, [True] * 3 + [False] * 3])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e9])
def test_days_that_nobody_or_everybody_complained_on_give_figures_without_a_warning(came, scale):
    x = scale * np.arange(12.0).reshape(6, 2)
    intercept, weights, error = logistic(x, np.array(came), np.ones(6), 1.0)
    assert np.isfinite([intercept, *weights, *error]).all()
