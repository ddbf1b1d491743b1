"""Whatever the cells do: ids stay, states move only as they may, and nothing depends on the order of rows."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from detector.domain.degradation import SEVERITIES
from detector.domain.incident import TRANSITIONS, Incident
from tests.tables import at
from tests.unit.incidents.story import Story, network

CELLS = ("c1.1", "c1.2", "c1.3", "c2.1", "c2.2", "c3.1", "amf1")
CELL_WORDS = ("ok", "ok", "sharp", "mild", "dead", "asleep+", "gone", "gone+", "-")
TICKS = st.lists(
    st.fixed_dictionaries(
        {name: st.sampled_from(("core-ok", "core-bad") if name == "amf1" else CELL_WORDS) for name in CELLS}
    ),
    min_size=1,
    max_size=7,
)
SITES = st.booleans()


def new_story(site_known: bool) -> Story:
    return Story(topology=network(6, site_known=site_known, hub=2 if site_known else 0))


def story_of(ticks: list[dict[str, str]], site_known: bool, order: int = 1) -> Story:
    story = new_story(site_known)
    for n, words in enumerate(ticks):
        story.step(at("08:00") + 900 * n, words, order)
    return story


@settings(max_examples=40, deadline=None)
@given(TICKS, SITES)
def test_states_move_only_as_they_may_and_nothing_is_forgotten(ticks: list[dict[str, str]], site_known: bool) -> None:
    story = new_story(site_known)
    for n, words in enumerate(ticks):
        before: dict[str, Incident] = dict(story.incidents)
        story.step(at("08:00") + 900 * n, words)
        for key, incident in story.incidents.items():
            old = before.get(key)
            if old is None:
                assert incident.state == "open"
                assert incident.version == 1
            elif old is not incident:
                assert incident.phase in TRANSITIONS[old.phase]
                assert incident.version - old.version in (0, 1)
                left = set(old.degradation_ids) - set(incident.degradation_ids)
                assert left <= {d for i in story.incidents.values() if i is not incident for d in i.degradation_ids}
                assert set(old.cells) <= set(incident.cells)
                assert SEVERITIES.index(incident.severity) >= SEVERITIES.index(old.severity)
                assert (incident.opened_at, incident.incident_id) == (old.opened_at, old.incident_id)
        assert before.keys() <= story.incidents.keys()


@settings(max_examples=40, deadline=None)
@given(TICKS, SITES)
def test_every_open_degradation_of_service_is_in_exactly_one_open_incident(
    ticks: list[dict[str, str]], site_known: bool
) -> None:
    story = new_story(site_known)
    for n, words in enumerate(ticks):
        story.step(at("08:00") + 900 * n, words)
        owned = [d for i in story.incidents.values() if i.state == "open" for d in i.degradation_ids]
        bad = {d.degradation_id for d in story.degradations.values() if d.open and d.affects_service}
        assert len(owned) == len(set(owned))
        assert bad <= set(owned)
        assert not {d.degradation_id for d in story.degradations.values() if not d.affects_service} & set(owned)


@settings(max_examples=40, deadline=None)
@given(TICKS, SITES)
def test_the_order_of_rows_does_not_matter(ticks: list[dict[str, str]], site_known: bool) -> None:
    one, other = story_of(ticks, site_known), story_of(ticks, site_known, order=-1)
    assert one.degradations == other.degradations
    assert one.incidents == other.incidents


CALM = {name: "core-ok" if name == "amf1" else "ok" for name in CELLS}
AGAIN_AS_IT_ENDS = [
    CALM,
    CALM | {"c2.1": "sharp", "c2.2": "sharp"},
    CALM | {"c1.2": "sharp", "c1.3": "sharp"},
    CALM,
    CALM | {"c2.2": "sharp"},
]
"""A cell turns bad again in the tick in which its hub's incident is over: it had ended where it began."""


@settings(max_examples=40, deadline=None)
@given(TICKS)
@example(AGAIN_AS_IT_ENDS)
def test_episodes_have_one_id_per_object_family_and_start_and_never_overlap(ticks: list[dict[str, str]]) -> None:
    story = story_of(ticks, True)
    open_now = [(d.object_id, d.family) for d in story.degradations.values() if d.open]
    assert len(open_now) == len(set(open_now))
    for d in story.degradations.values():
        assert d.started_at < d.detected_at
        assert d.cleared_at is None or d.started_at < d.cleared_at <= d.updated_at
