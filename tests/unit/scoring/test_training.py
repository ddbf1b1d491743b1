"""What is learned of the past, and what is not: small operators of hours, noted day by day."""

from dataclasses import replace

import numpy as np
import pytest

from detector.domain.cell import Cell, NetworkFunction, Topology
from detector.domain.degradation import Degradation
from detector.domain.frame import KpiFrame
from detector.domain.incident import Incident
from detector.domain.operations import CalendarEvent, Maintenance, Operations
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Operator, Reference
from detector.domain.window import Window
from detector.scoring.training import fit_baseline
from detector.scoring.training_exclusion import excluded_ticks
from tests.unit.scoring.faultless_network import MONDAY, SETUP, TRAFFIC, Network

HOUR, DAY = 3600, 86400
POLICY = DetectionPolicy()


def at(day, hour=0):
    return MONDAY + day * DAY + int(hour * HOUR)


def reference(works=(), calendar=(), timezone="UTC", **cell):
    """Cells c000 (as noted) and others on sites of two, behind one core function."""
    names = [f"c{i:03d}" for i in range(24)]
    cells = {n: Cell(cell_id=n, technology="LTE", site_id=f"s{i // 2}", band="B3", vendor="V") for i, n in enumerate(names)}
    cells["c000"] = replace(cells["c000"], **cell)
    topology = Topology(cells, {"amf1": NetworkFunction("amf1", "AMF")})
    return Reference(Operator(timezone), topology, Operations(tuple(works), tuple(calendar)))


def network(days=14, objects=None):
    frame = Network(cells=24, days=days, seed=8, period_s=HOUR, attempts=400.0).frame((SETUP, TRAFFIC))
    return replace(frame, objects=objects) if objects else frame


def raised(start, end, kind="accessibility", **more):
    given = {"object_id": "c000", "family": "volume" if kind in ("sleeping", "outage") else kind, "kpi": "setup_sr"} | more
    figures = {"neg_log10_p": 9.0, "expected": 0.99, "observed": 0.9, "numerator": 90.0, "denominator": 100.0, "excess": 9.0}
    return Degradation(
        degradation_id=f"deg_{start}",
        kind=kind,
        started_at=start,
        detected_at=start,
        severity="minor",
        periods=1,
        duration_s=HOUR,
        cleared_at=end,
        updated_at=end or start,
        **figures,
        **given,
    )


def hours(history, excluded, name="c000"):
    """[(day, hour) of the first, of the last] hour in doubt, and how many there are."""
    places = np.flatnonzero(excluded[:, history.object_index[name]])
    if not places.size:
        return None
    first, last = (divmod(int(history.starts[p] - MONDAY), DAY) for p in places[[0, -1]])
    return (first[0], first[1] // HOUR), (last[0], last[1] // HOUR), places.size


def event(kind, begin, end, scope=("cell", "c000")):
    return CalendarEvent(*scope, Window(begin, end), "name", kind)


def works(begin, end, status, actual_end=None, scope=("site", "s0")):
    return Maintenance(*scope, Window(begin, end), "", status, actual_end)


@pytest.mark.parametrize(
    ("noted", "seen"),
    [
        ({}, None),
        ({"works": [works(at(3, 1), at(3, 3), "finished")]}, ((3, 1), (3, 2), 2)),
        ({"works": [works(at(3, 1), at(3, 3), "finished", at(3, 6))]}, ((3, 1), (3, 5), 5)),  # they took longer
        ({"works": [works(at(3, 1), at(3, 3), "cancelled")]}, None),
        ({"works": [works(at(3, 1), at(3, 3), "active")]}, ((3, 1), (4, 2), 26)),  # nobody said that they are over
        ({"works": [works(at(13, 22), at(13, 23), "active")]}, ((13, 22), (13, 23), 2)),
        ({"calendar": [event("event", at(5, 18), at(5, 20))]}, ((5, 17), (5, 21), 5)),  # the crowd comes and goes
        ({"calendar": [event("holiday", at(5), at(6), ("network", "*"))]}, ((5, 0), (5, 23), 24)),
        ({"valid_from": at(6, 12)}, ((0, 0), (6, 11), 156)),  # the id was another cell's until then
        ({"idle": (Window(at(2, 1), at(2, 5)), Window(at(3, 1), at(3, 5)))}, ((2, 1), (3, 4), 8)),
    ],
)
def test_what_the_operator_declares_is_not_learned(noted, seen):
    history = network()
    excluded = excluded_ticks(history, [], reference(**noted))
    assert hours(history, excluded) == seen


@pytest.mark.parametrize(
    ("degraded", "seen"),
    [
        ([raised(at(3, 1), at(3, 4))], ((3, 1), (3, 3), 3)),
        ([raised(at(13, 1), None)], ((13, 1), (13, 23), 23)),  # open still
        ([raised(at(3, 1), at(3, 4), object_id="c000#5qi=1")], ((3, 1), (3, 3), 3)),
        ([raised(at(3, 1), at(3, 4), object_id="c001")], None),
        ([raised(at(d, 2), at(d, 5), "sleeping") for d in (3, 4)], ((3, 2), (4, 4), 6)),
        ([raised(at(d, 2), at(d, 5), "sleeping") for d in (3, 4, 8)], None),  # a habit
        ([raised(at(d, d), at(d, d + 2), "sleeping") for d in (3, 5, 8)], ((3, 3), (8, 9), 6)),  # each at another hour
        ([raised(at(3, 2), at(6, 5), "sleeping")], ((3, 2), (6, 4), 75)),  # one long sleep is no habit
        (
            [raised(at(d, 2), at(d, 5), "sleeping", confirmed_by=("neighbours", "alarm")) for d in (3, 4, 8)],
            ((3, 2), (8, 4), 9),
        ),
    ],
)
def test_what_was_raised_is_not_learned_unless_it_is_regular(degraded, seen):
    history = network()
    assert hours(history, excluded_ticks(history, degraded, reference())) == seen


def test_cells_behind_a_common_cause_are_excluded_for_a_day():
    history = network()
    incident = Incident(
        incident_id="inc_1",
        root_kind="nf",
        root_id="amf1",
        kind="core",
        started_at=at(3, 1),
        opened_at=at(3, 2),
        severity="major",
        degradation_ids=("deg_1",),
        cells=("c000", "c001"),
        reason="",
        state="resolved",
        resolved_at=at(5),
    )
    excluded = excluded_ticks(history, [], reference(), incidents=[incident])
    assert hours(history, excluded) == hours(history, excluded, "c001") == ((3, 1), (4, 0), 24)
    assert hours(history, excluded, "c002") is None
    alone = replace(incident, root_kind="cell", root_id="c000", cells=("c000",))
    assert not excluded_ticks(history, [], reference(), incidents=[alone]).any()


def worse(history, since, extra, name="c000"):
    """Extra failures per attempt from a moment on."""
    num = history.numerator.copy()
    o, later = history.object_index[name], history.starts >= since
    num[later, o, 0] -= np.random.default_rng(1).binomial(num[later, o, 0].astype(int), extra)
    return replace(history, numerator=num)


def level(baseline, name="c000", kpi=SETUP):
    return float(baseline.level[:, baseline.rows([name])[0], baseline.kpi_index[kpi.id]].mean())


def test_a_level_that_moved_is_adopted_after_three_days_though_it_was_raised_all_the_time():
    before = network()
    history = worse(before, at(9), 0.05)
    open_ = [raised(at(9), None)]
    healthy = level(fit_baseline(before, [], reference(), POLICY)[0])
    baseline, [shift] = fit_baseline(history, open_, reference(), POLICY)
    assert (shift.object_id, shift.since) == ("c000", at(9))
    assert level(baseline) == pytest.approx(healthy + 0.05, abs=0.012)
    early = slice(0, 11 * 24)
    young = KpiFrame(
        starts=history.starts[early].copy(),
        duration_s=HOUR,
        objects=history.objects,
        kpis=history.kpis,
        numerator=history.numerator[early].copy(),
        denominator=history.denominator[early].copy(),
        suspect=history.suspect[early].copy(),
    )
    kept, none = fit_baseline(young, open_, reference(), POLICY)
    assert none == []
    assert level(kept) == pytest.approx(healthy, abs=0.006)


def test_an_outage_of_days_is_never_the_new_normal():
    history = network()
    num, den = history.numerator.copy(), history.denominator.copy()
    num[9 * 24 :, 0], den[9 * 24 :, 0, 0] = 0, 0
    baseline, shifts = fit_baseline(
        replace(history, numerator=num, denominator=den), [raised(at(9), None, "outage")], reference(), POLICY
    )
    assert shifts == []
    healthy = fit_baseline(history, [], reference(), POLICY)[0]
    assert level(baseline, kpi=TRAFFIC) == pytest.approx(level(healthy, kpi=TRAFFIC), rel=0.1)
    assert baseline.idle_probability[:, 0].max() < 0.05


def test_a_mild_step_with_a_release_is_adopted_and_dated_by_it():
    history = worse(network(days=21), at(16, 12), 0.008)
    assert fit_baseline(history, [], reference(), POLICY)[1] == []
    [shift] = fit_baseline(history, [], reference(software_since=at(16, 12)), POLICY)[1]
    assert shift.since == at(16, 12)


def test_a_reused_id_is_judged_by_its_peers_until_it_has_a_past_of_its_own():
    begun = at(14) - HOUR
    new, old = network(), worse(network(), at(0), 0.2)  # the old cell failed all the time
    earlier = (new.starts < begun)[:, None, None]
    history = replace(new, numerator=np.where(earlier, old.numerator, new.numerator))
    fitted = fit_baseline(history, [], reference(valid_from=begun), POLICY)[0]
    assert level(fit_baseline(history, [], reference(), POLICY)[0]) > 0.1
    others = np.median([level(fitted, f"c{i:03d}") for i in range(1, 24)])
    assert level(fitted) < 3 * others
    assert fitted.level_variance[0, 0] > 3 * np.median(fitted.level_variance[1:24, 0])


def test_regular_sleep_is_learned_after_some_nights():
    history = network()
    num = history.numerator.copy()
    nights = np.flatnonzero((np.arange(14 * 24) % 24 >= 2) & (np.arange(14 * 24) % 24 < 5) & (np.arange(14 * 24) >= 10 * 24))
    num[nights, 0, 1] = 0
    seen = replace(history, numerator=num)

    def rest(nights, **more):
        degraded = [raised(at(d, 2), at(d, 5), "sleeping", **more) for d in nights]
        return fit_baseline(seen, degraded, reference(), POLICY)[0].idle_probability[3, 0, 0]

    assert rest([10, 11, 12, 13]) > 0.05
    assert rest([10, 11, 12, 13], confirmed_by=("alarm",)) < 0.01


def test_energy_saved_by_night_leaves_the_days_level_as_it_is():
    history = network()
    num = history.numerator.copy()
    hour = np.arange(14 * 24) % 24
    num[hour < 5, 0, 1] = 0
    nights = tuple(Window(at(d), at(d, 5)) for d in range(14))
    saving = fit_baseline(replace(history, numerator=num), [], reference(idle=nights), POLICY)[0]
    normal = fit_baseline(history, [], reference(), POLICY)[0]
    k = normal.kpi_index[TRAFFIC.id]
    assert saving.level[12, 0, k] == pytest.approx(normal.level[12, 0, k], rel=0.1)
    assert saving.level[2, 0, k] > 0.3 * normal.level[2, 0, k]
