"""One customer's past and day so far, from the rows that are kept."""

from dataclasses import replace

import pytest

from detector.domain.experience import CustomerHistory, Experience, Touch
from detector.domain.impact import AccountImpact
from detector.domain.window import DAY_S
from detector.impact.accounts import allowed_minutes
from detector.impact.customer_history import burden_of, history_of, with_month
from tests.listings import listing_of

TODAY = 100 * DAY_S
BAD = Experience(
    day=TODAY,
    holder_kind="subscriber",
    holder="sub_1",
    index=60.0,
    degraded_s=600.0,
    failures=2.0,
    worst=0.5,
    incidents=1,
    by_harm={"drops": 600.0},
)
ROWS = [replace(BAD, day=TODAY - 8 * DAY_S, degraded_s=1200.0), replace(BAD, day=TODAY - 3 * DAY_S), BAD]
LISTED = listing_of("inc_1", "sub_1", degraded_s=300.0).affected


def test_a_history_sums_the_week_and_counts_what_is_given() -> None:
    history = history_of(ROWS, {"inc_1", "inc_2"}, Touch(3, 50), 40, TODAY)
    assert (history.incidents, history.degraded_s, history.contacts) == (2, 1200.0, 3)
    assert (history.last_contact_at, history.last_notified_at) == (50, 40)
    assert history.index < 100.0
    assert history.trend < 0.0, "it is worse than a week before"
    assert history_of([], set(), Touch(), None, TODAY) == CustomerHistory()


@pytest.mark.parametrize(
    ("harm", "minutes"),
    [("drops", {"drops": 10.0}), ("slow", {"drops": 10.0, "slow": 5.0})],
)
def test_a_burden_is_the_day_so_far_and_what_this_incident_brings(harm: str, minutes: dict[str, float]) -> None:
    burden = burden_of(LISTED, ROWS, harm=harm, contacts=2, today=TODAY, segment="gold")
    assert burden.minutes == minutes
    assert (burden.failures, burden.week, burden.incidents, burden.days_since) == (2.0, 10.0, 2, 3)
    assert (burden.contacts, burden.segment) == (2, "gold")


def test_who_had_no_trouble_before_has_no_days_since() -> None:
    burden = burden_of(LISTED, [], harm="slow", contacts=0, today=TODAY, segment="")
    assert (burden.minutes, burden.week, burden.incidents, burden.days_since) == ({"slow": 5.0}, 0.0, 0, None)


def test_minutes_of_the_month_are_of_an_account_with_a_service_level() -> None:
    firm = AccountImpact(account="acc_1", kind="enterprise", tier="gold", affected_lines=1, lines=4, sla="gold")
    with_level = with_month(firm, ROWS, 30)
    assert with_level.sla_minutes_month == 10.0, "of 2,400 s over 4 lines"
    assert with_level.sla_minutes_allowed == allowed_minutes("gold", 30)
    without = replace(firm, sla="")
    assert with_month(without, ROWS, 30) is without
