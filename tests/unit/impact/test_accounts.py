"""Accounts beside people: whose lines suffer, in which roles, and what names nobody."""

import pytest

from detector.domain.customer import Account, Customers, Membership, Subscriber
from detector.impact.accounts import account_impacts
from tests.unit.impact.impact_world import always, degradation
from tests.unit.impact.test_assess import assessed


def firm(key: str, lines: int, parent: str = "", sla: str = "") -> tuple[dict, dict]:
    """A firm with so many lines of its own."""
    people = {f"{key}{n}": Subscriber(key=f"{key}{n}", account=key) for n in range(lines)}
    return people, {key: Account(key, "enterprise", "gold", sla, "firm-care", parent)}


def customers(*firms: tuple[dict, dict], members: tuple[Membership, ...] = ()) -> Customers:
    people = {key: one for lines, _ in firms for key, one in lines.items()}
    return Customers(people, {key: one for _, accounts in firms for key, one in accounts.items()}, members)


def impacts(probability, known, **more):
    return {a.account: a for a in account_impacts(probability, known, **more)}


@pytest.mark.parametrize(
    ("parents", "named"),
    [
        pytest.param({}, {"a": (2, 3)}, id="an account alone"),
        pytest.param({"a": "b"}, {"a": (2, 3), "b": (2, 5)}, id="a parent has its child's lines and its own"),
        pytest.param({"a": "b", "b": "c"}, {"a": (2, 3), "b": (2, 5), "c": (2, 9)}, id="and so has the parent's parent"),
        pytest.param({"a": "b", "b": "a"}, {"a": (2, 5), "b": (2, 5)}, id="a circle ends"),
        pytest.param({"a": "a"}, {"a": (2, 3)}, id="an account above itself"),
        pytest.param({"a": "unknown"}, {"a": (2, 3), "unknown": (2, 3)}, id="a parent that no row describes"),
    ],
)
def test_parents_have_the_lines_of_their_children(parents, named):
    known = customers(*(firm(key, lines, parents.get(key, "")) for key, lines in (("a", 3), ("b", 2), ("c", 4))))
    found = impacts({"a0": 1.0, "a1": 1.0}, known)
    assert {key: (one.affected_lines, one.lines) for key, one in found.items()} == named


def test_a_line_of_two_accounts_counts_in_each_once():
    both = (Membership("b", "a0", "line"), Membership("b", "a0", "manager"), Membership("a", "a0", "line"))
    found = impacts({"a0": 1.0}, customers(firm("a", 2, "top"), firm("b", 1, "top"), members=both))
    assert {key: (one.affected_lines, one.lines) for key, one in found.items()} == {"a": (1, 2), "b": (1, 2), "top": (1, 3)}


def test_roles_are_those_of_affected_lines_and_roll_up():
    roles = (
        Membership("a", "a0", "executive"),
        Membership("a", "a1", "executive"),
        Membership("a", "a2", "manager"),
        Membership("a", "a3", "line"),
    )
    found = impacts({"a0": 0.9, "a1": 0.8, "a2": 0.3, "a3": 1.0}, customers(firm("a", 6, "top"), members=roles))
    assert found["a"].roles == found["top"].roles == (("executive", 2),)


def test_a_service_level_is_used_up_by_all_lines_degraded_minutes():
    known = customers(firm("a", 10, sla="99.9"), firm("b", 10))
    found = impacts({"a0": 1.0, "b0": 1.0}, known, degraded_s={"a0": 3000.0, "b0": 3000.0})
    assert (found["a"].sla, found["a"].sla_minutes_used) == ("99.9", 5.0)
    assert (found["b"].sla, found["b"].sla_minutes_used) == ("", 0.0)


@pytest.mark.parametrize(("floor", "cells"), [(3, (("busy", 0.667), ("quiet", 0.333))), (4, (("busy", 0.667),)), (7, ())])
def test_a_cell_is_named_only_where_many_lines_suffer(floor, cells):
    """Six lines owe all to one cell, three to another: with a floor of four the second would tell of three people."""
    known = customers(firm("a", 20))
    attribution = {f"a{n}": {"busy" if n < 6 else "quiet": 1.0} for n in range(9)}
    found = impacts(dict.fromkeys(attribution, 1.0), known, cells_of=lambda people: attribution, floor=floor)
    assert found["a"].cell_shares == cells


def test_an_assessment_attributes_a_firms_trouble_to_cells():
    """Eight of its lines sit behind one dead cell and six behind another; two are elsewhere."""
    people, accounts = firm("f", 16, sla="99.9")
    at = {key: "a" if n < 8 else "b" if n < 14 else "c" for n, key in enumerate(people)}
    profile_rows = [row for key, cell in at.items() for row in always(key, cell)]
    impact = assessed(
        [degradation(cell, "outage", 0, 100, 0) for cell in "ab"],
        "a b",
        profile_rows=profile_rows,
        customers=customers((people, accounts)),
    )
    (named,) = impact.accounts
    assert (named.affected_lines, named.lines) == (14, 16)
    assert [cell for cell, _ in named.cell_shares] == ["a", "b"]
    assert sum(share for _, share in named.cell_shares) == pytest.approx(1.0, abs=0.01)
