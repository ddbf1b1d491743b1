"""Word and measure side by side: who agrees with whom, and what is withheld."""

from detector.domain.cell import Cell, Topology
from detector.domain.customer import Customers, Subscriber
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.window import Window
from detector.reports import Past
from detector.reports.said_and_measured import MEASURED, SAID, perception, ratio_interval
from tests.listings import listing_of

HOUR = 3600
CELLS = {f"c{n}": Cell(cell_id=f"c{n}", technology="LTE", site_id=f"s{n}", tac="t1", region="r1") for n in range(4)}
PEOPLE = [f"sub_{n:03d}" for n in range(400)]


def call(number: int, cell: str, who: str, mood: float | None = -0.5) -> Interaction:
    return Interaction(
        interaction_id=f"k{number}",
        at=number,
        kind="contact",
        channel="call",
        subscriber=who,
        category="network",
        sorted_by="told",
        sentiment=mood,
        cell_id=cell,
    )


def past(interactions: list[Interaction], suffered: int = 60) -> Past:
    """An outage at s1 that `suffered` people lived through."""
    outage = Incident(
        incident_id="inc_1",
        root_kind="site",
        root_id="s1",
        kind="outage",
        started_at=0,
        opened_at=0,
        severity="major",
        degradation_ids=(),
        cells=("c1",),
        reason="",
        state="resolved",
        resolved_at=2 * HOUR,
    )
    listed = tuple(
        listing_of(
            incident_id="inc_1",
            subscriber=who,
            account="",
            basis="present",
            probability=0.9,
            exposure_s=HOUR,
            listed_at=0,
            degraded_s=HOUR,
        )
        for who in PEOPLE[100 : 100 + suffered]
    )
    customers = Customers({who: Subscriber(key=who, segment="consumer") for who in PEOPLE})
    return Past(
        window=Window(0, 100 * HOUR),
        topology=Topology(CELLS),
        customers=customers,
        incidents=(outage,),
        listings=listed,
        interactions=tuple(interactions),
        expected_presence=dict.fromkeys(CELLS, 100.0),
        bursts=("site s2, 9 contacts",),
    )


def rows(past: Past) -> dict[str, dict[str, object]]:
    return {str(row["what"]): row for row in perception(past).records() if row["by"] == "site"}


def test_where_people_complain_and_nothing_is_measured_and_the_other_way_round() -> None:
    found = rows(past([call(n, "c2", PEOPLE[200 + n]) for n in range(20)]))
    assert found["s2"]["verdict"] == SAID
    assert found["s1"]["verdict"] == MEASURED
    assert found["s1"]["silent"] == 60
    assert {found[name]["verdict"] for name in ("s0", "s3") if name in found} == {""}


def test_one_who_calls_ten_times_is_one() -> None:
    found = rows(past([call(n, "c2", PEOPLE[200]) for n in range(10)]))
    assert found["s2"]["complained"] is None
    assert found["s2"]["verdict"] == ""
    assert found["s2"]["mood"] is None


def test_of_few_neither_mood_nor_count_is_shown() -> None:
    found = rows(past([call(n, "c2", PEOPLE[200 + n]) for n in range(4)]))
    assert (found["s2"]["complained"], found["s2"]["mood"]) == (None, None)


def test_scores_and_moods_stand_beside_it_and_decide_nothing() -> None:
    surveys = [
        Interaction(interaction_id=f"v{n}", at=n, kind="survey", channel="survey", subscriber=PEOPLE[n], score=2.0)
        for n in range(50)
    ]
    made = perception(past(surveys)).records()
    (whole,) = [row for row in made if row["by"] == "all"]
    assert (whole["score"], whole["surveys"]) == (2.0, 50)
    assert not [row for row in made if row["verdict"] == SAID]


def test_a_burst_is_reported_in_the_notes() -> None:
    assert "Burst: site s2, 9 contacts." in perception(past([])).notes


def test_an_interval_of_nothing_begins_at_nothing() -> None:
    assert ratio_interval(0, 2.0) == (0.0, 1.84)
