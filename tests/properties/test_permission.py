"""Nobody is approached who did not say yes, whatever the history of rows."""

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from detector.care import DecisionContext, decide_people, in_quiet_hours, permission, permitted_channels
from detector.domain.customer import CHANNELS
from detector.domain.policy import CarePolicy
from tests.lengths import examples
from tests.properties.permission_world import (
    FIRMS,
    NOW,
    PEOPLE,
    PURPOSES,
    RULES,
    PlainReading,
    World,
    communications_of,
    consent,
    world,
)

HISTORIES = examples(1_000, 10_000)
HOLDERS = (*(("subscriber", key) for key in PEOPLE), *(("account", key) for key in FIRMS))
worlds = st.randoms(use_true_random=False).map(world)


def faults(history: World) -> list[str]:
    reading = PlainReading(history)
    return [f"{row}: {fault}" for incident, row in communications_of(history) for fault in reading.wrong(incident, row)]


def test_in_thousands_of_histories_nobody_is_contacted_who_should_not_be():
    seen: Counter[str] = Counter()
    for seed in range(HISTORIES):
        history = world(Random(seed))
        reading = PlainReading(history)
        for incident, row in communications_of(history):
            assert reading.wrong(incident, row) == [], f"history {seed}: {row}"
            seen[row.action] += 1
    assert min(seen[action] for action in ("call", "proactive_message", "survey", "all_clear")) > HISTORIES / 20
    assert seen["account_manager_briefing"] > HISTORIES / 20


@given(worlds)
@settings(max_examples=examples(200, 2_000))
def test_a_history_that_breaks_it_is_made_small(history):
    assert faults(history) == []


def decided(history: World):
    (at, incidents), *_ = history.steps
    care = DecisionContext(reference=history.reference, now=at, care_policy=history.policy, rules=RULES)
    return decide_people(incidents[0], history.impact(incidents[0], at), "slow", care)


@given(
    worlds,
    st.sampled_from(PEOPLE),
    st.sampled_from(PURPOSES),
    st.sampled_from(CHANNELS),
    st.sampled_from(HOLDERS),
    st.sampled_from(("any", *CHANNELS)),
)
def test_one_more_withdrawal_never_allows_more(history, key, purpose, channel, holder, withdrawn_channel):
    known = history.customers
    stricter = replace(known, consents=(*known.consents, consent(holder, purpose, withdrawn_channel, "withdrawn", NOW)))
    before = permission(key, customers=known, purpose=purpose, channel=channel, at=NOW)
    after = permission(key, customers=stricter, purpose=purpose, channel=channel, at=NOW)
    assert not (before and not after)
    allowed, _ = permitted_channels(key, customers=known, purposes=PURPOSES, at=NOW)
    still, _ = permitted_channels(key, customers=stricter, purposes=PURPOSES, at=NOW)
    assert set(still) <= set(allowed)


@given(worlds, st.randoms(use_true_random=False))
def test_the_order_of_rows_in_the_table_does_not_matter(history, order):
    shuffled = list(history.customers.consents)
    order.shuffle(shuffled)
    other = replace(history, customers=replace(history.customers, consents=tuple(shuffled)))
    assert decided(other) == decided(history)


@given(worlds)
def test_rows_of_the_future_do_not_count_yet(history):
    past = tuple(c for c in history.customers.consents if c.since <= NOW)
    other = replace(history, customers=replace(history.customers, consents=past))
    assert decided(other) == decided(history)


@given(
    st.integers(0, 7 * 96), st.integers(0, 95), st.integers(0, 95), st.sampled_from(("UTC", "Asia/Kolkata", "America/Lima"))
)
@settings(max_examples=examples(60, 600))
def test_quiet_hours_are_local_and_may_span_midnight(quarter, begin, end, timezone):
    policy = CarePolicy(quiet_from=f"{begin // 4:02}:{begin % 4 * 15:02}", quiet_to=f"{end // 4:02}:{end % 4 * 15:02}")
    now = NOW + quarter * 900
    shift = {"UTC": 0, "Asia/Kolkata": 22, "America/Lima": -20}[timezone]
    local = (now // 900 + shift) % 96
    quiet = any((begin + step) % 96 == local for step in range((end - begin) % 96))
    assert in_quiet_hours(now, timezone, policy) == quiet
