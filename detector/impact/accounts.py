"""An incident's side of the accounts: which have how many lines affected."""

from collections.abc import Mapping

from detector.domain.customer import Customers
from detector.domain.impact import AccountImpact


def account_impacts(probability: Mapping[str, float], customers: Customers) -> tuple[AccountImpact, ...]:
    """Accounts with at least one expected affected line, the most affected first.

    A line is a person who belongs to the account, by `subscribers.csv` or by `account_members.csv`, counted once;
    `affected_lines` is the rounded sum of their probabilities, `lines` all of them.
    """
    expected: dict[str, float] = {}
    for key, chance in probability.items():
        for account in customers.accounts_of.get(key, ()):
            expected[account] = expected.get(account, 0.0) + chance
    affected = {key: round(lines) for key, lines in expected.items() if round(lines)}
    lines = dict.fromkeys(affected, 0)
    for own in customers.accounts_of.values():
        for account in own:
            if account in lines:
                lines[account] += 1
    impacts = [_impact(key, affected[key], lines[key], customers) for key in affected]
    return tuple(sorted(impacts, key=lambda a: (-a.affected_lines, a.account)))


def _impact(key: str, affected: int, lines: int, customers: Customers) -> AccountImpact:
    account = customers.accounts.get(key)
    if account is None:
        return AccountImpact(key, "", "", affected, lines)
    return AccountImpact(key, account.kind, account.tier, affected, lines, account.care_team)
