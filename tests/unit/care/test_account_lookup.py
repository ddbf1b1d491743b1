"""An account asks how many of its lines are affected."""

from dataclasses import replace

import pytest

from detector.care import AccountAnswer, DecisionContext, account_lookup
from detector.domain.customer import Account, Consent, Customers, Membership, Subscriber
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy
from detector.domain.ports import Reference
from tests.listings import listing_of

NOW = 1_774_346_400
MAJOR = Incident(
    incident_id="inc_1",
    root_kind="cell",
    root_id="c",
    kind="integrity",
    started_at=NOW - 3600,
    opened_at=NOW - 1800,
    severity="major",
    degradation_ids=(),
    cells=("c",),
    reason="",
)
MINOR = replace(MAJOR, incident_id="inc_2", severity="minor")
OVER = replace(MAJOR, incident_id="inc_3", severity="critical", state="resolved", resolved_at=NOW - 60)
KNOWN = Customers(
    {f"s{n}": Subscriber(key=f"s{n}", account="shop") for n in range(8)},
    {"group": Account("group", "enterprise", "gold"), "shop": Account("shop", "enterprise", "gold", parent="group")},
    (Membership("shop", "s0", "manager"),),
    (
        Consent(
            holder_kind="subscriber", holder="s7", purpose="network_care_analysis", channel="any", state="withdrawn", since=1
        ),
    ),
)


def asked(account: str, *listed: tuple[str, str, float], customers: Customers = KNOWN) -> AccountAnswer:
    rows = [
        listing_of(
            incident_id=incident,
            subscriber=who,
            account="shop",
            basis="expected",
            probability=chance,
            exposure_s=900.0,
            listed_at=NOW,
        )
        for who, incident, chance in listed
    ]
    context = DecisionContext(reference=Reference(customers=customers), now=NOW, care_policy=CarePolicy())
    return account_lookup(account, context=context, incidents=(MAJOR, MINOR, OVER), listings=rows)


def test_a_line_of_two_incidents_counts_once():
    answer = asked("shop", ("s0", "inc_1", 0.9), ("s0", "inc_2", 0.5), ("s1", "inc_2", 0.5), ("s2", "inc_3", 0.9))
    assert (answer.affected, answer.lines, answer.affected_lines) == ("yes", 8, pytest.approx(1.4, abs=0.06))
    assert answer.share == pytest.approx(1.45 / 8, abs=1e-3)
    assert (answer.incidents, answer.severity, answer.tier) == (2, "major", "gold")
    assert answer.roles == {"manager": pytest.approx(0.95, abs=0.06)}


def test_lines_of_an_account_below_are_lines_of_the_one_above():
    assert asked("group", ("s1", "inc_1", 0.9)).affected_lines == 0.9


@pytest.mark.parametrize(
    ("account", "listed", "expected"),
    [("shop", (), "no"), ("nobody", (), "unknown"), ("shop", (("s7", "inc_1", 0.9),), "no")],
    ids=["none listed", "no such account", "a line that withdrew is never affected"],
)
def test_no_and_unknown(account, listed, expected):
    answer = asked(account, *listed)
    assert (answer.affected, answer.affected_lines) == (expected, 0.0)
    assert answer.say["en"]


def test_an_account_that_withdrew_is_not_looked_at():
    customers = KNOWN.given(
        [
            Consent(
                holder_kind="account",
                holder="group",
                purpose="network_care_analysis",
                channel="any",
                state="withdrawn",
                since=2,
            )
        ]
    )
    assert asked("shop", ("s1", "inc_1", 0.9), customers=customers).affected == "unknown"


def test_no_place_and_no_time_is_in_the_answer():
    said = asked("shop", ("s1", "inc_1", 0.9))
    assert said.say["en"].startswith("A mobile line you look after")
    assert not {"cells", "since", "started_at", "incident_id"} & set(vars(said))
