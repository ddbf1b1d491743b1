"""What counts as an episode, and of which incidents something is said."""

from dataclasses import replace

from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.outlook import foresee, learn_clear_times

TEN = 36_000
HOUR = 3600


def degraded(name, began, cleared=None, **more):
    return Degradation(
        degradation_id=name,
        object_id="c1",
        family="accessibility",
        kpi="lte_rrc_sr",
        kind="accessibility",
        started_at=began,
        detected_at=began + 1800,
        severity="major",
        neg_log10_p=9.0,
        expected=0.99,
        observed=0.9,
        numerator=90.0,
        denominator=100.0,
        excess=9.0,
        periods=1,
        duration_s=900,
        cleared_at=cleared,
        **more,
    )


def incident(name, began, *own, **more):
    ids = tuple(d.degradation_id for d in own)
    return Incident(
        incident_id=name,
        root_kind="cell",
        root_id="c1",
        kind="accessibility",
        started_at=began,
        opened_at=began + 1800,
        severity="major",
        degradation_ids=ids,
        cells=("c1",),
        reason="because",
        **more,
    )


D0 = degraded("d0", TEN, updated_at=TEN + HOUR, quiet_periods=1)
OPEN = incident("now", TEN, D0)
D1, D2 = degraded("d1", 0, 2 * HOUR), degraded("d2", 900, 3 * HOUR)
OVER = incident("over", 0, D1, D2, state="resolved", resolved_at=4 * HOUR)


def test_an_episode_ends_with_its_last_bad_period_not_when_that_was_known():
    past = learn_clear_times([OVER, OPEN], [D0, D1, D2], now=TEN + HOUR).episodes["over"]
    assert (past.lasted_s, past.detected_after_s, past.ended) == (3 * HOUR, 1800, True)


def test_one_that_is_open_is_surely_bad_only_until_its_last_bad_period_began():
    clear_times = learn_clear_times([OVER, OPEN], [D0, D1, D2], now=TEN + 4000)
    now = clear_times.episodes["now"]
    assert (now.lasted_s, now.detected_after_s, now.ended) == (HOUR - 2 * 900, 1800, False)
    found = foresee(OPEN, clear_times, now=TEN + 4000)
    assert found is not None
    assert found.clear_low == TEN + 4000, "it may be over already"


def test_what_is_merged_silent_or_withdrawn_teaches_nothing():
    others = [
        replace(OVER, incident_id="m", state="merged", merged_into="over"),
        replace(OVER, incident_id="w", suppression="maintenance"),
        replace(OVER, incident_id="x", withdrawn_at=5 * HOUR),
    ]
    assert len(learn_clear_times([OVER, OPEN, *others], [D1, D2], now=TEN).episodes) == 2


def test_an_outlook_is_shown_of_open_incidents_with_a_notified_team():
    clear_times = learn_clear_times([OVER, OPEN], [D1, D2], now=TEN + HOUR)
    found = foresee(OPEN, clear_times, now=TEN + HOUR)
    assert found is not None
    assert TEN + HOUR <= found.clear_low < found.clear_at < found.clear_high
    assert (found.incident_id, found.made_at, found.past) == ("now", TEN + HOUR, 1)
    assert foresee(OVER, clear_times, now=TEN) is None
    assert foresee(replace(OPEN, suppression="maintenance"), clear_times, now=TEN) is None
