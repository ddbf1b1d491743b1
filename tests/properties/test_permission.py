"""Nobody is approached who did not say yes, whatever the history of rows."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from detector.care import decide, in_quiet_hours, permission, permitted_channels
from detector.domain.customer import CHANNELS, Account, Consent, Customers, Membership, Subscriber
from detector.domain.impact import Affected, Impact
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy

NOW = 1_774_339_200  # Tuesday 08:00 UTC
PURPOSES = ("network_care_analysis", "proactive_contact")
PEOPLE = ("ann", "bob", "kid", "gus")
HOLDERS = (*(("subscriber", key) for key in PEOPLE), ("account", "fam"), ("account", "group"))

rows = st.builds(
    lambda holder, purpose, channel, state, age: Consent(*holder, purpose, channel, state, NOW - age),
    st.sampled_from(HOLDERS), st.sampled_from(PURPOSES), st.sampled_from(("any", *CHANNELS)),
    st.sampled_from(("granted", "granted", "withdrawn")), st.integers(-3, 30),
)  # fmt: skip
granted_to_all = st.just(
    [Consent(*holder, purpose, "any", "granted", NOW - 100) for holder in HOLDERS for purpose in PURPOSES]
)
histories = st.builds(lambda base, more: base + more, st.one_of(st.just([]), granted_to_all), st.lists(rows, max_size=30))


@st.composite
def customers(draw: st.DrawFn) -> Customers:
    guardian = draw(st.sampled_from(("gus", "gus", "", "nobody", "kid", "bob")))
    people = {
        "ann": Subscriber("ann", account="fam", preferred_channel=draw(st.sampled_from(("", *CHANNELS)))),
        "bob": Subscriber("bob", minor=draw(st.booleans()), guardian="gus"),
        "kid": Subscriber("kid", minor=True, guardian=guardian),
        "gus": Subscriber("gus", minor=draw(st.booleans()), vip=True),
    }
    accounts = {"fam": Account("fam", "family", parent="group"), "group": Account("group", "enterprise", parent="fam")}
    return Customers(people, accounts, (Membership("fam", "gus", "holder"),), tuple(draw(histories)))


def decided(known: Customers, now: int = NOW, contacted: dict[str, int] | None = None, policy: CarePolicy | None = None):
    incident = Incident("inc_1", "cell", "c1", "outage", NOW, NOW, "major", (), ("c1",), "")
    listed = tuple(Affected("inc_1", key, "", "expected", 0.9, 900.0) for key in sorted((*PEOPLE, "stranger")))
    impact = Impact("inc_1", now, 5, 4.5, 4, 5, listed)
    policy = policy or CarePolicy(quiet_from="00:00", quiet_to="00:00")
    return decide(incident, impact, customers=known, timezone="UTC", now=now, contacted=contacted or {}, policy=policy)


def newest(known: Customers, kind: str, key: str, purpose: str, channel: str) -> str:
    """The plain reading of the table, written apart from the code: newest row up to now, withdrawal on a tie."""
    own = [c for c in known.consents if (c.holder_kind, c.holder, c.purpose) == (kind, key, purpose)]
    own = [c for c in own if c.channel in (channel, "any") and c.since <= NOW]
    last = [c.state for c in own if c.since == max(o.since for o in own)]
    return "withdrawn" if "withdrawn" in last else "granted" if last else ""


@given(customers())
def test_only_people_with_a_plain_yes_for_every_purpose_are_contacted(known):
    for d in decided(known):
        assert d.contactable == (not d.why_not)
        assert d.contactable or d.action == "none"
        if not d.contactable:
            continue
        person = known.subscribers[d.subscriber]
        for key in {person.key, d.recipient}:
            for purpose in PURPOSES:
                assert newest(known, "subscriber", key, purpose, d.channel) == "granted"
        for account in ("fam", "group") if person.key == "ann" or d.recipient == "gus" else ():
            assert "withdrawn" not in [newest(known, "account", account, p, d.channel) for p in PURPOSES]


@given(customers())
def test_a_minors_matter_goes_to_a_known_adult_guardian_or_nowhere(known):
    for d in decided(known):
        person = known.subscribers.get(d.subscriber)
        if d.contactable and person.minor:
            assert d.recipient == person.guardian != d.subscriber
            assert not known.subscribers[d.recipient].minor
        elif d.contactable:
            assert d.recipient == d.subscriber


@given(customers(), st.sampled_from(PEOPLE), st.sampled_from(PURPOSES), st.sampled_from(CHANNELS), st.sampled_from(HOLDERS),
       st.sampled_from(("any", *CHANNELS)))  # fmt: skip
def test_one_more_withdrawal_never_allows_more(known, key, purpose, channel, holder, withdrawn_channel):
    stricter = replace(known, consents=(*known.consents, Consent(*holder, purpose, withdrawn_channel, "withdrawn", NOW)))
    before = permission(key, customers=known, purpose=purpose, channel=channel, at=NOW)
    after = permission(key, customers=stricter, purpose=purpose, channel=channel, at=NOW)
    assert not (before and not after)
    allowed, _ = permitted_channels(key, customers=known, purposes=PURPOSES, at=NOW)
    still, _ = permitted_channels(key, customers=stricter, purposes=PURPOSES, at=NOW)
    assert set(still) <= set(allowed)


@given(customers(), st.randoms(use_true_random=False))
def test_the_order_of_rows_in_the_table_does_not_matter(known, order):
    shuffled = list(known.consents)
    order.shuffle(shuffled)
    assert decided(replace(known, consents=tuple(shuffled))) == decided(known)


@given(customers())
def test_rows_of_the_future_do_not_count_yet(known):
    past = replace(known, consents=tuple(c for c in known.consents if c.since <= NOW))
    assert decided(past) == decided(known)


@given(
    st.integers(0, 7 * 96), st.integers(0, 95), st.integers(0, 95), st.sampled_from(("UTC", "Asia/Kolkata", "America/Lima"))
)
@settings(max_examples=60)
def test_nobody_is_contacted_in_quiet_hours(quarter, begin, end, timezone):
    policy = CarePolicy(
        quiet_from=f"{begin // 4:02}:{begin % 4 * 15:02}", quiet_to=f"{end // 4:02}:{end % 4 * 15:02}", purposes=PURPOSES
    )
    now = NOW + quarter * 900
    shift = {"UTC": 0, "Asia/Kolkata": 22, "America/Lima": -20}[timezone]
    local = (now // 900 + shift) % 96
    quiet = any((begin + step) % 96 == local for step in range((end - begin) % 96))
    assert in_quiet_hours(now, timezone, policy) == quiet


@given(customers(), st.dictionaries(st.sampled_from(PEOPLE), st.integers(0, 4)), st.integers(0, 3))
def test_nobody_is_contacted_beyond_the_cap(known, contacted, cap):
    policy = CarePolicy(quiet_from="00:00", quiet_to="00:00", max_contacts_per_week=cap)
    decisions = decided(known, contacted=contacted, policy=policy)
    for key in PEOPLE:
        sent = sum(d.action != "none" and d.recipient == key for d in decisions)
        assert not sent or sent + contacted.get(key, 0) <= cap
