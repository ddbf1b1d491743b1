"""Who may be approached: one table per question."""

import pytest

from detector.care import bases, permission, permitted_channels
from detector.domain.customer import Account, Consent, Customers, Membership, Subscriber
from detector.domain.policy import CarePolicy, LawfulBasis

PEOPLE = {
    "ann": Subscriber(key="ann", account="firm"),
    "kid": Subscriber(key="kid", minor=True, guardian="gus"),
    "gus": Subscriber(key="gus"),
    "orphan": Subscriber(key="orphan", minor=True),
    "teen": Subscriber(key="teen", minor=True, guardian="kid"),
}
ACCOUNTS = {"firm": Account("firm", "enterprise", parent="holding"), "holding": Account("holding", "enterprise")}


def known(rows: str) -> Customers:
    """`who channel state since` per line; a holder that is an account is known as one."""
    consents = []
    for line in filter(str.strip, rows.splitlines()):
        who, channel, state, since = line.split()
        consents.append(
            Consent(
                holder_kind="account" if who in ACCOUNTS else "subscriber",
                holder=who,
                purpose="proactive_contact",
                channel=channel,
                state=state,
                since=int(since),
            )
        )
    return Customers(PEOPLE, ACCOUNTS, (Membership("holding", "gus", "executive"),), tuple(consents))


@pytest.mark.parametrize(
    ("who", "rows", "expected"),
    [
        ("ann", "", "no_consent"),
        ("ann", "ann any granted 5", ""),
        ("ann", "ann sms granted 5", ""),
        ("ann", "ann email granted 5", "no_consent"),
        ("ann", "ann any granted 11", "no_consent"),
        ("ann", "ann any granted 10", ""),
        ("ann", "ann any granted 5 \n ann sms withdrawn 6", "withdrawn"),
        ("ann", "ann any granted 5 \n ann email withdrawn 6", ""),
        ("ann", "ann any withdrawn 5 \n ann sms granted 6", ""),
        ("ann", "ann any granted 6 \n ann sms withdrawn 5", ""),
        ("ann", "ann any granted 5 \n ann any withdrawn 5", "withdrawn"),
        ("ann", "ann any withdrawn 5 \n ann any granted 5", "withdrawn"),
        ("ann", "ann any granted 5 \n firm any withdrawn 3", "withdrawn"),
        ("ann", "ann any granted 5 \n holding any withdrawn 3", "withdrawn"),
        ("ann", "ann any granted 5 \n firm any granted 3", ""),
        ("ann", "firm any granted 3", "no_consent"),
        ("stranger", "stranger any granted 3", "no_consent"),
        ("kid", "gus any granted 3", "no_consent"),
        ("kid", "kid any granted 3", "guardian"),
        ("kid", "kid any granted 3 \n gus any granted 3", ""),
        ("kid", "kid any granted 3 \n gus any withdrawn 3", "guardian"),
        ("kid", "kid any withdrawn 3 \n gus any granted 3", "withdrawn"),
        ("kid", "kid any granted 3 \n gus any granted 3 \n holding any withdrawn 1", "guardian"),
        ("orphan", "orphan any granted 3", "guardian"),
        ("teen", "teen any granted 3 \n kid any granted 3 \n gus any granted 3", "guardian"),
    ],
)
def test_permission_to_contact_by_sms_at_10(who, rows, expected):
    assert permission(who, customers=known(rows), purpose="proactive_contact", channel="sms", at=10) == expected


BASES = {
    "nobody asked, by contract": ("ann", "", "contract", ""),
    "nobody asked, by consent": ("ann", "", "consent", "no_consent"),
    "an objection, by legitimate interest": ("ann", "ann sms withdrawn 3", "legitimate_interest", "withdrawn"),
    "an account objects": ("ann", "holding any withdrawn 3", "contract", "withdrawn"),
    "an objection, by legal obligation": ("ann", "ann any withdrawn 3", "legal_obligation", ""),
    "nobody knows them": ("stranger", "", "legal_obligation", "no_consent"),
    "a minor and the guardian, nobody asked": ("kid", "", "contract", ""),
    "the guardian objects": ("kid", "gus any withdrawn 3", "contract", "guardian"),
    "a minor without one, by legal obligation": ("orphan", "", "legal_obligation", "guardian"),
}


@pytest.mark.parametrize("case", BASES)
def test_on_another_lawful_basis_a_missing_row_is_no_obstacle_and_an_objection_is(case):
    who, rows, basis, expected = BASES[case]
    ask = {"purpose": "proactive_contact", "channel": "sms", "at": 10, "basis": basis}
    assert permission(who, customers=known(rows), **ask) == expected


def test_a_country_s_own_basis_goes_before_that_of_everywhere():
    everywhere = LawfulBasis("survey", "*", "contract")
    here = LawfulBasis("survey", "de", "consent")
    policy = CarePolicy(lawful_basis=(here, everywhere))
    found = {country: bases(policy, country)["survey"] for country in ("DE", "FR", "")}
    assert found == {"DE": "consent", "FR": "contract", "": "contract"}
    assert bases(policy, "DE")["proactive_contact"] == "consent"


def test_accounts_in_a_circle_end():
    ring = {"a": Account("a", "family", parent="b"), "b": Account("b", "family", parent="a")}
    people = {"ann": Subscriber(key="ann", account="a")}
    holders = (("subscriber", "ann", "granted"), ("account", "b", "withdrawn"))
    rows = tuple(
        Consent(holder_kind=kind, holder=key, purpose="survey", channel="any", state=state, since=1)
        for kind, key, state in holders
    )
    ask = {"purpose": "survey", "channel": "sms", "at": 10}
    assert permission("ann", customers=Customers(people, ring, (), rows), **ask) == "withdrawn"
    assert permission("ann", customers=Customers(people, ring, (), rows[:1]), **ask) == ""


def test_another_purpose_is_another_question():
    customers = known("ann any granted 5")
    assert permission("ann", customers=customers, purpose="survey", channel="sms", at=10) == "no_consent"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("a", "any", "granted"), ("b", "any", "granted")], (("sms", "email", "push", "call"), "")),
        ([("a", "any", "granted"), ("b", "push", "granted")], (("push",), "")),
        ([("a", "email", "granted"), ("b", "push", "granted")], ((), "no_channel")),
        ([("a", "any", "granted")], ((), "no_consent")),
        ([("a", "any", "withdrawn")], ((), "no_consent")),
        ([("a", "any", "granted"), ("b", "sms", "withdrawn")], ((), "withdrawn")),
        ([], ((), "no_consent")),
    ],
)
def test_channels_that_every_purpose_allows(rows, expected):
    consents = tuple(
        Consent(holder_kind="subscriber", holder="ann", purpose=purpose, channel=channel, state=state, since=5)
        for purpose, channel, state in rows
    )
    customers = Customers(PEOPLE, consents=consents)
    assert permitted_channels("ann", customers=customers, purposes=("a", "b"), at=10) == expected


def test_no_purpose_in_the_settings_does_not_mean_no_consent_needed():
    assert permitted_channels("ann", customers=Customers(PEOPLE), purposes=(), at=10) == ((), "no_consent")
