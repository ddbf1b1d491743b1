"""Customers as consents come in one by one, and whom they take out of every analysis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.customer import Account, Consent, Customers, Membership, Subscriber, excluded_from_analysis

EVERYONE = Customers(
    {
        key: Subscriber(key=key, account=account, minor=key == "kid", guardian="ann")
        for key, account in {"ann": "home", "bob": "home", "cem": "shop", "kid": "", "dee": ""}.items()
    },
    {
        "home": Account("home", "family"),
        "shop": Account("shop", "enterprise", parent="group"),
        "group": Account("group", "enterprise"),
    },
    (Membership("shop", "dee", "manager"),),
)
HOLDERS = [("subscriber", "ann"), ("subscriber", "cem"), ("subscriber", "eve"), ("account", "home"), ("account", "group")]


def consent(holder: tuple[str, str], purpose: str, state: str, since: int) -> Consent:
    kind, name = holder
    return Consent(holder_kind=kind, holder=name, purpose=purpose, channel="any", state=state, since=since)


rows = st.builds(
    lambda holder, purpose, state, since: consent(holder, purpose, state, since),
    st.sampled_from(HOLDERS),
    st.sampled_from(["network_care_analysis", "survey"]),
    st.sampled_from(["granted", "withdrawn"]),
    st.integers(0, 9),
)


@given(st.lists(rows, max_size=8), st.integers(0, 9))
def test_consents_added_as_they_come_are_the_consents_as_a_whole(consents, until):
    consents = sorted(consents, key=lambda c: c.since)
    whole, grown = Customers(EVERYONE.subscribers, EVERYONE.accounts, EVERYONE.memberships, tuple(consents)), EVERYONE
    for names in ("consents_of", "withdrawn_by", "lines", "roles_of"):
        getattr(grown, names)
    for instant in range(10):
        grown = grown.given(c for c in consents if c.since == instant)
    assert grown == whole
    assert grown.consents_of == whole.consents_of
    assert grown.withdrawn_by == whole.withdrawn_by
    assert grown.lines is EVERYONE.lines
    everyone = excluded_from_analysis(whole, until)
    assert excluded_from_analysis(whole, until, ["ann", "kid", "dee"]) == everyone & {"ann", "kid", "dee"}


@pytest.mark.parametrize(
    ("holder", "out"),
    [
        (("subscriber", "ann"), {"ann", "kid"}),  # a guardian speaks for the minor
        (("subscriber", "eve"), {"eve"}),  # whom no table names
        (("account", "home"), {"ann", "bob"}),
        (("account", "group"), {"cem", "dee"}),  # above the shop, by its line and by its member
    ],
)
def test_a_withdrawal_takes_out_all_whom_it_covers(holder, out):
    customers = EVERYONE.given([consent(holder, "network_care_analysis", "withdrawn", 5)])
    assert excluded_from_analysis(customers, 4) == set()
    assert excluded_from_analysis(customers, 5) == out
    again = customers.given([consent(holder, "network_care_analysis", "granted", 6)])
    assert excluded_from_analysis(again, 6) == set()
