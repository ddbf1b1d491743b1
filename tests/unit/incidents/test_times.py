"""When an incident began and ended, by what its degradations say."""

from dataclasses import replace

from detector.domain.cell import Cell, Topology
from detector.domain.degradation import Degradation
from detector.domain.detection import Tracked
from detector.domain.policy import IncidentPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick
from detector.incidents import correlate, end_with_incident
from detector.incidents.times import estimated_end, estimated_start, is_ongoing
from tests.unit.incidents.story import evidence

QUARTER = 900
SHARP = Degradation(
    degradation_id="d1",
    object_id="c1",
    family="availability",
    kpi="a",
    kind="outage",
    started_at=40 * QUARTER,
    detected_at=42 * QUARTER,
    severity="critical",
    neg_log10_p=40.0,
    expected=1.0,
    observed=0.0,
    numerator=0,
    denominator=900,
    excess=900,
    periods=1,
    duration_s=QUARTER,
    raised_at=41 * QUARTER,
)
MILD = replace(
    SHARP,
    degradation_id="d2",
    family="integrity",
    kind="integrity",
    neg_log10_p=9.0,
    periods=12,
    started_at=33 * QUARTER,
    severity="minor",
)


def test_the_sharp_ones_date_the_onset_and_not_the_earliest():
    assert estimated_start([MILD, SHARP]) == 40 * QUARTER
    assert estimated_start([MILD]) == 33 * QUARTER


def test_among_the_sharp_ones_the_median_decides():
    others = [replace(SHARP, degradation_id=f"d{n}", started_at=at * QUARTER) for n, at in ((3, 40), (4, 41), (5, 36))]
    assert estimated_start([SHARP, *others]) == 40 * QUARTER


def test_what_began_after_the_incident_was_opened_does_not_date_its_onset():
    later = replace(SHARP, degradation_id="d3", started_at=50 * QUARTER, neg_log10_p=200.0)
    assert estimated_start([MILD, later], opened_at=42 * QUARTER) == 33 * QUARTER


def test_it_ends_with_the_last_of_the_clear_ones():
    over = [replace(SHARP, cleared_at=44 * QUARTER), replace(SHARP, degradation_id="d3", cleared_at=45 * QUARTER)]
    echo = replace(MILD, cleared_at=52 * QUARTER)
    assert estimated_end([*over, echo]) == 45 * QUARTER
    assert estimated_end([SHARP]) is None


def test_of_many_alike_the_last_few_keep_it_open_no_longer_but_half_of_them_do():
    quality = replace(SHARP, family="accessibility", kind="accessibility")
    nine = [replace(quality, degradation_id=f"d{n}", cleared_at=44 * QUARTER) for n in range(9)]
    assert not is_ongoing([*nine, quality])
    assert is_ongoing([*nine[:1], quality])
    assert is_ongoing([*nine, SHARP])


def test_a_missing_row_dates_exactly():
    silent = replace(SHARP, degradation_id="d3", family="data", neg_log10_p=0.0, started_at=39 * QUARTER)
    assert estimated_start([MILD, silent]) == 39 * QUARTER


TOPOLOGY = Topology(
    {
        f"c{n}": Cell(cell_id=f"c{n}", technology="LTE", site_id=f"s{n}", vendor="v", software="r1" if n < 9 else "r2")
        for n in range(20)
    }
)


def slow(cell, start, neg_log10_p=12.0, periods=3, **more):
    return replace(
        MILD,
        degradation_id=f"{cell}-{start}",
        object_id=cell,
        started_at=start * QUARTER,
        neg_log10_p=neg_log10_p,
        periods=periods,
        detected_at=(start + 2) * QUARTER,
        raised_at=(start + 2) * QUARTER,
        **more,
    )


def decided(open_, degradations, at, past=()):
    tick = Tick((at - 1) * QUARTER, QUARTER)
    tracked = Tracked(tuple(degradations), {}, past=tuple(past))
    seen = evidence(tick, {}, [f"c{n}" for n in range(20)])
    found = correlate(open_, tracked, seen, Reference(topology=TOPOLOGY), {}, IncidentPolicy(), now=tick.end + 300)
    return found, {i.incident_id: i for i in found}


def ends(degradations, incident):
    return [d.cleared_at for d in end_with_incident(Tracked(tuple(degradations), {}), [incident]).degradations]


def test_what_echoes_an_incident_ends_with_it():
    clear, echo = slow("c1", 40), slow("c1", 46, neg_log10_p=7.0, periods=12, family="retainability", kind="retainability")
    (first, *_), _ = decided((), [clear], 42)
    (second, *_), _ = decided([first], [clear, echo], 48)
    over = replace(clear, cleared_at=50 * QUARTER)
    (third, *_), _ = decided([second], [over, echo], 52)
    assert (third.state, third.started_at, third.ended_at) == ("resolved", 40 * QUARTER, 50 * QUARTER)
    seen = replace(echo, updated_at=52 * QUARTER)
    assert ends([over, seen], third) == [50 * QUARTER, 50 * QUARTER]
    assert ends([echo], third) == [46 * QUARTER], "no later than the last period it speaks of"
    later = replace(echo, started_at=51 * QUARTER, updated_at=52 * QUARTER)
    assert ends([later], third) == [52 * QUARTER], "one that began after the incident's end has a period, not none"


def test_a_cell_that_is_still_out_of_service_keeps_its_incident_open_however_weak_its_evidence():
    clear, out = slow("c1", 40), slow("c1", 40, neg_log10_p=4.0, periods=12, family="volume", kind="sleeping")
    (first, *_), _ = decided((), [clear, replace(out, degradation_id="other")], 42)
    (second, *_), _ = decided([first], [replace(clear, cleared_at=50 * QUARTER), replace(out, degradation_id="other")], 52)
    assert (second.state, second.ended_at) == ("open", None)


def test_an_old_drift_is_no_part_of_a_release_that_harms_its_cell():
    drift = slow("c1", 10, neg_log10_p=40.0, periods=12)
    (old, *_), _ = decided((), [drift], 13)
    harmed = [slow(f"c{n}", 60, family="accessibility", kind="accessibility") for n in range(1, 9)]
    _, known = decided([old], [drift, *harmed], 62)
    release = next(i for i in known.values() if i.root_kind == "software")
    assert known[old.incident_id].degradation_ids == old.degradation_ids
    assert release.started_at == 60 * QUARTER
    assert drift.degradation_id not in release.degradation_ids


def test_an_outage_in_the_cell_of_an_old_drift_has_times_of_its_own():
    drift = slow("c1", 10, neg_log10_p=40.0, periods=12)
    (old, *_), _ = decided((), [drift], 13)
    out = replace(SHARP, degradation_id="out", started_at=60 * QUARTER, detected_at=61 * QUARTER)
    _, known = decided([old], [drift, out], 61)
    assert sorted((i.kind, i.started_at) for i in known.values()) == [("integrity", 10 * QUARTER), ("outage", 60 * QUARTER)]
