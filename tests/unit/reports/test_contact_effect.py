"""Told against held out: who is compared with whom, and what is said of it."""

from dataclasses import replace

import pytest

from detector.domain.communication import Communication
from detector.domain.customer import Account, Customers, Subscriber, SubscriberEvent
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.policy import HoldoutPolicy
from detector.domain.window import Window
from detector.reports import Past, report_kind
from tests.listings import listing_of

HOUR, DAY = 3600, 86_400
CONTACTED, HELD = [f"told_{n:03d}" for n in range(200)], [f"held_{n:03d}" for n in range(100)]
SLOW = Incident(
    incident_id="inc_1",
    root_kind="cell",
    root_id="c1",
    kind="integrity",
    started_at=10 * HOUR,
    opened_at=10 * HOUR,
    severity="major",
    degradation_ids=(),
    cells=("c1",),
    reason="",
)


def past(**changes) -> Past:
    """At 10:00 200 are told and 100 held out; 20 of the told and 30 of the held out complain two hours later."""
    subscribers = {key: Subscriber(key=key) for key in (*CONTACTED, *HELD)}
    said = tuple(
        Communication(incident_id="inc_1", subscriber=key, recipient=key, at=10 * HOUR, action="proactive_message")
        for key in CONTACTED
    )
    held = tuple(
        listing_of(
            incident_id="inc_1",
            subscriber=key,
            account="",
            basis="present",
            probability=0.9,
            exposure_s=900.0,
            listed_at=10 * HOUR,
            why_not="holdout",
        )
        for key in HELD
    )
    complained = [
        Interaction(
            interaction_id=f"k_{key}", at=12 * HOUR, kind="contact", channel="call", subscriber=key, category="network"
        )
        for key in (*CONTACTED[:20], *HELD[:30])
    ]
    left = tuple(SubscriberEvent(key, 20 * HOUR, "left") for key in (*CONTACTED[:2], *HELD[:7]))
    known = Past(
        window=Window(0, 30 * DAY),
        customers=Customers(subscribers),
        incidents=(SLOW,),
        communications=said,
        held_out=held,
        interactions=tuple(complained),
        events=left,
        holdout=HoldoutPolicy(approved_by="the board", share=0.3),
        withdrew=3,
    )
    return replace(known, **changes)


def rows(known: Past) -> dict[str, dict[str, object]]:
    return {row["measure"].split()[0]: row for row in report_kind("holdout").make(known).records()}


def test_the_share_of_each_group_and_their_difference_with_intervals():
    row = rows(past())["complained"]
    assert (row["told"], row["told_share"], row["held_out"], row["held_out_share"]) == (200, 0.1, 100, 0.3)
    assert row["difference"] == pytest.approx(-0.2)
    assert row["difference_low"] < -0.2 < row["difference_high"] < 0


def test_what_few_did_is_withheld():
    row = rows(past())["left"]
    assert (row["told_share"], row["difference"]) == (None, None), "two of them left"
    assert row["held_out_share"] == 0.07


def test_what_was_before_does_not_count_and_the_window_ends():
    early = Interaction(
        interaction_id="k", at=9 * HOUR, kind="contact", channel="call", subscriber=CONTACTED[50], category="network"
    )
    known = past()
    assert rows(replace(known, interactions=(*known.interactions, early))) == rows(known)


OUT_OF_REACH = {
    "vulnerable": {"customers": Customers({key: Subscriber(key=key, vulnerable=True) for key in CONTACTED})},
    "service level": {
        "customers": Customers(
            {key: Subscriber(key=key, account="a") for key in CONTACTED}, {"a": Account("a", "enterprise", sla="99.9")}
        )
    },
    "emergency": {"incidents": (replace(SLOW, severity="critical"),)},
    "large": {"incidents": (replace(SLOW, cells=tuple(f"c{n}" for n in range(20))),)},
    "long": {"incidents": (replace(SLOW, started_at=5 * HOUR),)},
    "before it began": {"holdout": HoldoutPolicy(approved_by="the board", since="1970-01-02")},
}


@pytest.mark.parametrize("why", OUT_OF_REACH)
def test_who_could_not_be_drawn_is_set_aside_and_counted(why):
    made = report_kind("holdout").make(past(**OUT_OF_REACH[why]))
    assert made.records()[0]["told"] is None
    assert any("Told but not compared" in note and "about 200" in note for note in made.notes)
    assert any("withdrew" in note for note in made.notes)


def test_of_an_incident_without_a_notification_nobody_was_held_out():
    known = past()
    more = tuple(
        listing_of(
            incident_id="inc_2",
            subscriber=key,
            account="",
            basis="present",
            probability=0.9,
            exposure_s=900.0,
            listed_at=9 * HOUR,
            why_not="holdout",
        )
        for key in CONTACTED
    )
    assert rows(replace(known, held_out=(*known.held_out, *more))) == rows(known)


def test_who_was_ever_held_out_is_not_among_the_contacted():
    known = past()
    both = tuple(
        Communication(incident_id="inc_1", subscriber=key, recipient=key, at=11 * HOUR, action="call") for key in HELD
    )
    assert rows(replace(known, communications=(*known.communications, *both))) == rows(known)


def test_without_approval_it_reports_that():
    made = report_kind("holdout").make(past(holdout=HoldoutPolicy()))
    assert made.notes[0].startswith("No holdout is approved")
