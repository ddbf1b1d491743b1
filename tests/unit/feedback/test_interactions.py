"""From contacts, posts and surveys to one stream without words."""

import random

import pytest

from detector.domain.cell import Cell, Topology
from detector.domain.customer import Contact, Survey
from detector.domain.finding import Findings
from detector.domain.interaction import Interaction
from detector.feedback import interactions_of
from detector.feedback.interactions import ASKED_AFTER_S, REPEAT_S

DAY = 86_400
NETWORK = Topology(
    {
        "c1": Cell(cell_id="c1", technology="LTE", site_id="s1", latitude=50.0, longitude=8.0),
        "c2": Cell(cell_id="c2", technology="LTE", latitude=50.2, longitude=8.0),
    }
)


def stream(
    *received: Contact | Survey, known: tuple[Interaction, ...] = (), findings: Findings | None = None
) -> list[Interaction]:
    contacts = [one for one in received if isinstance(one, Contact)]
    surveys = [one for one in received if isinstance(one, Survey)]
    return interactions_of(contacts, surveys, known, NETWORK, Findings() if findings is None else findings)


def call(number: int, at: int, who: str = "sub_1", category: str = "network", **more: object) -> Contact:
    return Contact(contact_id=f"k{number}", at=at, channel="call", subscriber=who, category=category, **more)  # type: ignore[arg-type]


def test_the_rows_own_value_counts_and_words_fill_the_gap() -> None:
    first, read = stream(
        call(1, 10, text="Frage zur Rechnung"), call(2, 20, who="sub_2", category="", text="Frage zur Rechnung")
    )
    assert (first.category, first.sorted_by) == ("network", "told")
    assert (read.category, read.sorted_by) == ("billing", "text")


def test_an_unknown_category_is_a_finding_without_its_words_and_the_text_is_read() -> None:
    findings = Findings()
    (one,) = stream(call(1, 10, category="Max Muster calls", text="no signal"), findings=findings)
    assert (one.category, one.sorted_by) == ("network", "text")
    assert "Muster" not in str(list(findings))
    assert findings.count("unknown_category") == 1


def test_a_text_of_a_megabyte_is_a_finding_of_its_length_alone() -> None:
    findings = Findings()
    (one,) = stream(call(1, 10, category="", text="kein Netz geheim " * 70_000), findings=findings)
    assert one.category == "network"
    assert [(f.code, f.where) for f in findings] == [("long_text", "contacts")]
    assert "geheim" not in str(list(findings)) + repr(one)


@pytest.mark.parametrize(
    ("cell", "latitude", "longitude", "expected"),
    [
        ("c2", 50.0, 8.0, "c2"),
        ("", 50.01, 8.0, "c1"),
        ("", 50.19, 8.0, "c2"),
        ("", 10.0, 8.0, ""),
        ("", 95.0, 8.0, ""),
        ("", float("nan"), 8.0, ""),
        ("", None, 8.0, ""),
        ("gone", 50.0, 8.0, "c1"),
    ],
)
def test_the_cell_is_the_stated_one_or_the_nearest_to_the_place(
    cell: str, latitude: float | None, longitude: float, expected: str
) -> None:
    post = Contact(
        contact_id="p1", at=10, channel="social", text="no bars", cell_id=cell, latitude=latitude, longitude=longitude
    )
    (one,) = stream(post)
    assert (one.kind, one.cell_id) == ("post", expected)


def test_who_comes_back_within_a_week_about_the_same_repeats() -> None:
    first, other, again, late = stream(
        call(1, 0), call(2, DAY, category="billing"), call(3, 2 * DAY), call(4, 2 * DAY + REPEAT_S + 1)
    )
    assert [i.reaction for i in (first, other, again, late)] == ["", "", "repeat", ""]


def test_stated_reactions_come_before_our_own() -> None:
    stories = stream(call(1, 0), call(2, 10, escalated=True), call(3, 20, reopened=True), call(4, 30))
    assert [i.reaction for i in stories] == ["", "escalation", "reopened", "repeat"]


def test_nobody_repeats_a_post_of_somebody_else() -> None:
    posts = [Contact(contact_id=f"p{n}", at=n, channel="social", category="network") for n in range(3)]
    assert {i.reaction for i in stream(*posts)} == {""}


def test_read_in_any_portions_and_twice_the_stream_is_the_same() -> None:
    draw = random.Random(3)
    calls = [
        call(n, n * DAY // 2, who=f"sub_{draw.randrange(3)}", category=draw.choice(["network", "billing"]))
        for n in range(40)
    ]
    whole = stream(*calls)
    known: list[Interaction] = []
    for first in range(0, 40, 7):
        known += stream(*calls[first : first + 7], known=tuple(known))
    assert known == whole
    assert stream(*calls[20:], known=tuple(whole)) == whole[20:]


def test_a_survey_belongs_to_the_contact_before_it() -> None:
    _, first, ours, alone = stream(
        call(1, 0),
        Survey("v1", "sub_1", 10, 3, trigger="resolution"),
        Survey("v2", "sub_1", 20, 3, text="miserabel"),
        Survey("v3", "sub_1", ASKED_AFTER_S + 1, 9),
    )
    assert [first.trigger, ours.trigger, alone.trigger] == ["resolution", "contact", ""]
    assert ours.sentiment is not None
    assert ours.sentiment < 0
