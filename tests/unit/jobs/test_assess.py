"""What care hears of, and what it does not; who stands on a list, and since when."""

from dataclasses import replace

import numpy as np
import pytest

from detector.domain.degradation import Degradation
from detector.domain.exposure import Presence
from detector.domain.incident import Incident
from detector.domain.window import Tick
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import LIVE, QUARTER, withdrawn, write_reference

EPISODE = Degradation(
    degradation_id="deg_1",
    object_id="c11",
    family="accessibility",
    kpi="lte_rrc_sr",
    kind="accessibility",
    started_at=LIVE,
    detected_at=LIVE + QUARTER,
    severity="major",
    neg_log10_p=30.0,
    expected=0.99,
    observed=0.5,
    numerator=300.0,
    denominator=600.0,
    excess=290.0,
    periods=1,
    duration_s=QUARTER,
)
FIRST = Incident(
    incident_id="inc_1",
    root_kind="cell",
    root_id="c11",
    kind="accessibility",
    started_at=LIVE,
    opened_at=LIVE + QUARTER,
    severity="major",
    degradation_ids=("deg_1",),
    cells=("c11",),
    reason="half of all setups fail",
    updated_at=LIVE + QUARTER,
)
RAW = [f"4917100001{n:02d}" for n in range(8)]


class Story:
    """An app in which a test says what `detect` decided, quarter by quarter."""

    def __init__(self, root) -> None:
        write_reference(root / "operator")
        self.app, self.root, self.quarter = SmallApp(root=root), root, 0
        self.people = [self.app.names.subscriber(raw) for raw in RAW]
        self.here(self.people[:6])

    def here(self, people: list[str]) -> None:
        """These were behind the cell in each of the last hours."""
        n = len(people)
        for hour in (-2, -1, 0):
            start = np.full(n, LIVE + 3600 * hour)
            column = np.full(n, 3600.0)
            rows = Presence(
                subscribers=tuple(people),
                cells=("c11",),
                subscriber=np.arange(n, dtype=np.int32),
                cell=np.zeros(n, np.int32),
                start=start,
                duration_s=np.full(n, 3600, np.int32),
                seconds=column,
                attempts=np.full(n, 40.0),
                failures=np.full(n, np.nan),
            )
            with self.app.store.begin() as connection:
                self.app.store.presence.write(rows, LIVE + hour, connection, LIVE + hour + 1)

    def decide(self, incident: Incident, episode: Degradation = EPISODE) -> list[str]:
        """One tick decided like this and assessed; which alerts were composed."""
        return [type_ for _, type_ in self.decide_all([(incident, episode)])]

    def decide_all(self, decided: list[tuple[Incident, Degradation]]) -> list[tuple[str, str]]:
        """The same of several incidents: (incident id, alert)."""
        self.quarter += 1
        now = LIVE + self.quarter * QUARTER
        store = self.app.store
        with store.begin() as connection:
            store.degradations.save(connection, [d for _, d in decided])
            incidents = [replace(i, updated_at=now) for i, _ in decided]
            store.incidents.save(connection, incidents, corrected=any(i.withdrawn_at is not None for i in incidents))
            store.ticks.add_pending(connection, "assess", Tick(now - QUARTER, QUARTER), 1)
        self.app.clock.at = now
        self.app.jobs.run("assess")
        return [(m.incident_id, m.type) for m in store.outbox.messages() if m.time == now]

    def care(self, **policy) -> None:
        """[care] says this."""
        changed = {"care": replace(self.app.settings.care, **policy)}
        self.app.settings = self.app.jobs.settings = self.app.settings.model_copy(update=changed)

    def why_untold(self, incident_id: str = "inc_1") -> str:
        waiting = self.app.store.waiting.get(incident_id)
        return "" if waiting is None else waiting.why

    @property
    def listed(self) -> list[str]:
        return sorted(one.subscriber for one in self.app.store.listings.all(current=True))


@pytest.fixture
def story(tmp_path):
    story = Story(tmp_path)
    yield story
    story.app.close()


SILENT = {"suppression": "maintenance"}
OVER = {"state": "resolved", "resolved_at": LIVE + 3 * QUARTER}
MERGED = {"state": "merged", "merged_into": "inc_0"}
NEWS = {
    "opened, and nothing new after it": [({}, ["opened"]), ({}, []), ({}, [])],
    "a change that counts is an update": [({}, ["opened"]), ({"version": 2}, ["updated"]), ({"version": 2}, [])],
    "resolved once": [({}, ["opened"]), (OVER, ["resolved"]), (OVER, [])],
    "works are nobody's business": [(SILENT, []), (SILENT, []), ({**SILENT, **OVER}, [])],
    "works that overrun are": [(SILENT, []), ({"version": 2}, ["opened"]), (OVER, ["resolved"])],
    "over before anybody heard of it": [(OVER, []), (OVER, [])],
    "merged: over for those who heard of it": [({}, ["opened"]), (MERGED, ["resolved"]), (MERGED, [])],
    "merged before anybody heard of it": [(MERGED, [])],
}


@pytest.mark.parametrize("news_key", NEWS)
def test_what_care_is_sent(news_key, story):
    for change, news in NEWS[news_key]:
        assert story.decide(replace(FIRST, **change)) == news


def test_every_alert_has_a_key_of_its_own_and_a_number_in_its_incident(story):
    for change in ({}, {"version": 2}, {"version": 3}, OVER):
        story.decide(replace(FIRST, **change))
    alerts = story.app.store.outbox.alerts_of("inc_1")
    assert [m.sequence for m in alerts] == [1, 2, 3, 4]
    assert len({m.key for m in alerts}) == 4


def test_many_more_people_are_news_though_nothing_else_changed(story):
    story.app.settings = story.app.settings.model_copy(
        update={"impact": replace(story.app.settings.impact, privacy_floor=1)}
    )
    story.app.jobs.settings = story.app.settings
    story.here(story.people[:2])
    assert story.decide(FIRST) == ["opened"]
    story.here(story.people)
    assert story.decide(FIRST) == ["updated"]
    assert story.decide(FIRST) == []


def test_assessing_again_keeps_every_row(story):
    story.decide(FIRST)
    first = story.app.store.listings.all()
    story.decide(FIRST)
    assert story.app.store.listings.all() == first
    assert len(first) == 6


def test_care_gets_the_expected_end_and_the_page_is_kept_up_to_date(story):
    story.decide(FIRST)
    expected = story.app.store.outbox.alerts_of("inc_1")[-1].data["expected"]
    assert expected["source"] == "estimate"
    assert expected["low"] < expected["clear"] < expected["high"]
    story.decide(FIRST)
    assert story.app.store.outlooks.get("inc_1").made_at == LIVE + 2 * QUARTER


def test_a_change_of_permission_ends_one_row_and_begins_another(story):
    story.decide(FIRST)
    assert story.listed == sorted(story.people[:6])
    withdrawn(story.root / "operator", RAW[0], LIVE + QUARTER + 1)
    story.decide(FIRST)
    rows = [one for one in story.app.store.listings.all() if one.subscriber == story.people[0]]
    second = LIVE + 2 * QUARTER
    assert [(one.contactable, one.why_not, one.listed_at, one.delisted_at) for one in rows] == [
        (True, "", LIVE + QUARTER, second),
        (False, "withdrawn", second, None),
    ]
    assert len(story.app.store.listings.all()) == 7, "the others keep theirs"


def test_people_of_a_merged_incident_stand_on_the_older_ones_list_alone(story):
    story.decide(FIRST)
    story.decide(replace(FIRST, **MERGED))
    assert story.listed == []
    assert {one.delisted_at for one in story.app.store.listings.all()} == {LIVE + 2 * QUARTER}


def test_one_persons_contact_over_this_incident_does_not_count_against_it(story):
    story.decide(FIRST)
    story.decide(replace(FIRST, version=2))
    story.decide(replace(FIRST, version=3))
    assert {one.why_not for one in story.app.store.listings.all(current=True)} == {""}


def test_an_assessment_that_another_daemon_has_made_is_not_made_again(story):
    story.decide(FIRST)
    before = story.app.store.listings.all()

    def faster(step: str) -> None:
        if step == "assess.computed":
            with store.begin() as connection:
                store.ticks.complete(connection, store.ticks.pending("assess")[0], 0.0)

    store, story.app.jobs.checkpoint = story.app.store, faster
    assert story.decide(replace(FIRST, version=2)) == []
    assert story.app.store.listings.all() == before


UNSURE = replace(EPISODE, threshold=29.8, raised_at=LIVE + QUARTER, updated_at=LIVE + QUARTER)
UNCERTAIN = {
    "surer": ({"neg_log10_p": 30.3}, {}, ["opened"]),
    "hardly surer": ({"neg_log10_p": 30.2}, {}, []),
    "bad for as long again": ({"updated_at": LIVE + 2 * QUARTER}, {}, ["opened"]),
    "already quiet": ({"updated_at": LIVE + 2 * QUARTER, "quiet_periods": 1}, {}, []),
    "seen over two periods, bad for one more": ({"started_at": LIVE - QUARTER, "updated_at": LIVE + 2 * QUARTER}, {}, []),
    "confirmed": ({"confirmed_by": ("neighbours",)}, {}, ["opened"]),
    "an alarm beside it": ({}, {"alarm_id": "al1"}, ["opened"]),
    "a ticket beside it": ({}, {"ticket_id": "t1"}, ["opened"]),
    "over": ({}, OVER, []),
}


@pytest.mark.parametrize("then", UNCERTAIN)
def test_care_is_notified_of_an_incident_when_it_is_sure_enough(then, story):
    shown, links, news = UNCERTAIN[then]
    assert story.decide(FIRST, UNSURE) == []
    assert story.listed == sorted(story.people[:6]), "lookup knows them before care is told"
    assert story.why_untold() == "unsure"
    assert story.decide(replace(FIRST, **links), replace(UNSURE, **shown)) == news
    assert story.why_untold() == ("unsure" if not news and then != "over" else "")


def test_a_second_object_makes_an_incident_sure(story):
    second = replace(UNSURE, degradation_id="deg_2", object_id="c12")
    both = replace(FIRST, degradation_ids=("deg_1", "deg_2"))
    assert story.decide_all([(both, UNSURE), (both, second)]) == [("inc_1", "opened")]


def test_who_accepts_as_many_false_alerts_as_degradations_is_notified_of_all(story):
    story.care(false_care_alerts_per_1000_cells_week=3.0)
    assert story.decide(FIRST, UNSURE) == ["opened"]


def several(*severities: str) -> list[tuple[Incident, Degradation]]:
    return [
        (
            replace(FIRST, incident_id=f"inc_{n}", severity=severity, degradation_ids=(f"deg_{n}",)),
            replace(EPISODE, degradation_id=f"deg_{n}"),
        )
        for n, severity in enumerate(severities)
    ]


def test_a_team_is_notified_of_the_most_severe_first_and_of_the_others_when_it_has_capacity(story):
    story.care(capacity_per_hour=(("consumer-care", 1),))
    waiting = several("minor", "major", "critical")
    assert story.decide_all(waiting) == [("inc_2", "opened")]
    assert [story.why_untold(f"inc_{n}") for n in range(3)] == ["capacity", "capacity", ""]
    assert [f.code for f in story.app.store.findings.all()] == ["care_capacity"]
    assert [story.decide_all(waiting) for _ in range(3)] == [[], [], []]
    assert story.decide_all(waiting) == [("inc_1", "opened")]
    over = [(replace(incident, **OVER), episode) for incident, episode in waiting]
    assert sorted(story.decide_all(over)) == [("inc_1", "resolved"), ("inc_2", "resolved")], "nobody heard of inc_0"
    assert story.why_untold("inc_0") == ""


def test_an_emergency_waits_for_nobody_and_one_that_becomes_more_severe_need_not_wait_longer(story):
    story.care(capacity_per_hour=(("consumer-care", 0),))
    assert story.decide_all(several("major", "critical")) == [("inc_1", "opened")]
    assert story.decide_all(several("critical")) == [("inc_0", "opened")]


def test_what_waited_for_too_long_is_not_sent_unless_it_becomes_more_severe(story):
    story.care(capacity_per_hour=(("consumer-care", 0),), alert_ttl_hours=1)
    for _ in range(6):
        assert story.decide_all(several("minor")) == []
    story.care(capacity_per_hour=(("consumer-care", 9),), alert_ttl_hours=1)
    assert story.decide_all(several("minor")) == []
    assert story.why_untold("inc_0") == "late"
    assert {f.code for f in story.app.store.findings.all()} == {"care_capacity", "care_late"}
    assert story.decide_all(several("major")) == [("inc_0", "opened")]
