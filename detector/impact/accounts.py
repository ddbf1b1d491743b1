"""An incident's side of the accounts: how many of whose lines it touches, in which roles, and what that costs them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

from detector.domain.customer import Customers
from detector.domain.impact import AccountImpact

MOST_CELLS = 5
"""Cells of an account that are named. Chosen: what an account manager reads."""
CellShares = Callable[[Collection[str]], Mapping[str, Mapping[str, float]]]
"""People -> of each, the share of what it suffers that each cell does."""


def account_impacts(
    probability: Mapping[str, float],
    customers: Customers,
    degraded_s: Mapping[str, float] | None = None,
    cells_of: CellShares | None = None,
    floor: int = 5,
) -> tuple[AccountImpact, ...]:
    """Accounts with at least one expected affected line, the most affected first.

    A line is a person who belongs to the account or to one below it, by `subscribers.csv` or by `account_members.csv`:
    it counts once in each. `affected_lines` is the rounded sum of their probabilities, `lines` all of them, `roles` the
    same by role; `sla_minutes_used` comes from `degraded_s`, expected degraded seconds of each person. Cells are named
    where at least `floor` lines of the account are expected to suffer from them.
    """
    expected: dict[str, float] = defaultdict(float)
    for key, chance in probability.items():
        for account in customers.every_account_of.get(key, ()):
            expected[account] += chance
    affected = {key: round(lines) for key, lines in expected.items() if round(lines)}
    if not affected:
        return ()
    own = _lines_of(affected, probability, customers)
    large = {key: own[key] for key, lines in affected.items() if lines >= floor}
    shares = cells_of({p for people in large.values() for p in people}) if cells_of and large else {}
    roles = _roles(probability, customers)
    impacts = []
    for key, lines in affected.items():
        suffered = sum((degraded_s or {}).get(person, 0.0) for person in own[key])
        named = _influential(large.get(key, ()), probability, shares, floor)
        impacts.append(_impact(key, lines, customers, _rounded(roles.get(key, {})), suffered, named))
    return tuple(sorted(impacts, key=lambda a: (-a.affected_lines, a.account)))


def _lines_of(accounts: Collection[str], probability: Mapping[str, float], customers: Customers) -> dict[str, list[str]]:
    """Account -> those of its lines that may be affected."""
    own: dict[str, list[str]] = {key: [] for key in accounts}
    for person in probability:
        for account in customers.every_account_of.get(person, ()):
            if account in own:
                own[account].append(person)
    return own


def _roles(probability: Mapping[str, float], customers: Customers) -> dict[str, dict[str, float]]:
    """Account -> role -> expected affected lines that hold it there or in an account below; a line counts once in each."""
    counted: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for person, chance in probability.items():
        for account, role in customers.roles_of.get(person, ()):
            counted[account][role] += chance
    return counted


def _rounded(roles: Mapping[str, float]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((role, round(lines)) for role, lines in roles.items() if round(lines)))


def _influential(
    people: Collection[str], probability: Mapping[str, float], shares: Mapping[str, Mapping[str, float]], floor: int
) -> tuple[tuple[str, float], ...]:
    """The cells to which at least `floor` lines are expected to be attributed, by their share of all."""
    attribution: dict[str, float] = defaultdict(float)
    for person in people:
        for cell, share in shares.get(person, {}).items():
            attribution[cell] += probability[person] * share
    total = sum(attribution.values())
    named = {cell: lines / total for cell, lines in attribution.items() if lines >= floor}
    return tuple(sorted(((c, round(s, 3)) for c, s in named.items()), key=lambda one: (-one[1], one[0])))[:MOST_CELLS]


def _impact(
    key: str,
    affected: int,
    customers: Customers,
    roles: tuple[tuple[str, int], ...],
    suffered_s: float,
    cells: tuple[tuple[str, float], ...],
) -> AccountImpact:
    account, lines = customers.accounts.get(key), customers.lines[key]
    used = round(suffered_s / lines / 60, 2) if account and account.sla else 0.0
    kind, tier, team, sla = (account.kind, account.tier, account.care_team, account.sla) if account else ("", "", "", "")
    return AccountImpact(
        account=key,
        kind=kind,
        tier=tier,
        affected_lines=affected,
        lines=lines,
        care_team=team,
        roles=roles,
        sla=sla,
        sla_minutes_used=used,
        cell_shares=cells,
    )


def allowed_minutes(sla: str, days: float) -> float | None:
    """Minutes of `days` days in which a service level lets a line be degraded; None if it names no percentage.

    >>> allowed_minutes("99.9", 30), allowed_minutes("99,5 %", 1), allowed_minutes("gold", 30), allowed_minutes("", 30)
    (43.2, 7.2, None, None)
    """
    try:
        percent = float(sla.strip().rstrip("%").strip().replace(",", "."))
    except ValueError:
        return None
    return round((1 - percent / 100) * days * 1440, 2) if 0 < percent <= 100 else None
