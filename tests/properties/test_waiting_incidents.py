"""Whatever comes, no care team is told of more than it can take, nor of what was never sure."""

from dataclasses import replace
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from detector import care
from detector.domain.alert import Alert
from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy
from detector.settings import Settings
from detector.store.memory import InMemoryStore
from jobs.assess.notify import WaitingIncidents

QUARTER, HOUR = 900, 3600
MARGIN = care.margin(3.0, 1.0)
TEAMS = ("consumer-care", "enterprise-care")


class Shown(NamedTuple):
    """What one tick shows of an incident."""

    neg_log10_p: float
    severity: str
    alarm: bool


shown = st.builds(
    Shown,
    st.sampled_from((5.0, 5.4, 5.6, 9.0)),
    st.sampled_from(("minor", "minor", "major", "critical")),
    st.integers(0, 9).map(lambda n: n == 0),
)
days = st.lists(st.lists(shown, min_size=6, max_size=6), min_size=1, max_size=14)


@settings(max_examples=60, deadline=None)
@given(days, st.integers(0, 2))
def test_nobody_is_notified_of_too_many_or_of_what_was_never_sure(day, capacity):
    policy = Settings(care=CarePolicy(capacity_per_hour=tuple((team, capacity) for team in TEAMS)))
    store, sure, notified = InMemoryStore(), set(), {}
    opened = []
    for quarter, tick in enumerate(day):
        now = quarter * QUARTER
        with store.begin() as transaction:
            waiting_incidents = WaitingIncidents.at(transaction, store, policy, now)
            for n, one in enumerate(tick):
                name, team = f"inc_{n}", TEAMS[n % 2]
                incident, own = decided(name, one, now)
                if care.sure(incident, own, MARGIN):
                    sure.add(name)
                alert = Alert(
                    key=f"key_{name}",
                    incident_id=name,
                    type="opened",
                    sequence=1,
                    severity=one.severity,
                    time=now,
                    expires_at=now,
                    data={"action": {"team": team}, "say": {}},
                )
                if name not in notified and not waiting_incidents.must_wait(transaction, incident, own, alert):
                    notified[name] = one.severity
                    opened.append((now, team, name))
                    store.outbox.add(transaction, alert, ["receiver"], now)
                assert name in notified or not (one.severity == "critical" and care.sure(incident, own, MARGIN))
    assert notified.keys() <= sure
    for at, team, _ in opened:
        hour = [name for then, whose, name in opened if whose == team and at <= then < at + HOUR]
        assert sum(notified[name] != "critical" for name in hour) <= capacity


def decided(name: str, one: Shown, now: int) -> tuple[Incident, list[Degradation]]:
    """An incident of one cell, raised at this tick by the bar of 5."""
    episode = Degradation(
        degradation_id=f"deg_{name}",
        object_id=name,
        family="access",
        kpi="k",
        kind="accessibility",
        started_at=now,
        detected_at=now,
        severity=one.severity,
        neg_log10_p=one.neg_log10_p,
        expected=1.0,
        observed=0.5,
        numerator=1.0,
        denominator=2.0,
        excess=1.0,
        periods=1,
        duration_s=QUARTER,
        threshold=5.0,
        raised_at=now + QUARTER,
        updated_at=now + QUARTER,
    )
    incident = Incident(
        incident_id=name,
        root_kind="cell",
        root_id=name,
        kind="accessibility",
        started_at=now,
        opened_at=now,
        severity=one.severity,
        degradation_ids=(f"deg_{name}",),
        cells=(name,),
        reason="",
    )
    return replace(incident, alarm_id="al" if one.alarm else ""), [episode]
