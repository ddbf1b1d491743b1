"""An alert's `impact`: how many people and which accounts, and how many are left out, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from detector.care.account_part import account_part
from detector.care.privacy import steady, steady_interval
from detector.care.step import Step
from detector.domain.alert import WHY_NOT
from detector.domain.impact import AccountImpact

CONSENT_REASONS = ("no_consent", "withdrawn", "guardian")


def impact_part(step: Step, cap: int) -> dict[str, Any]:
    impact, floor, said = step.impact, step.floor, step.before.get("impact", {})
    affected = steady(impact.affected, last_said(said, "affected"), floor)
    interval = steady_interval(impact.affected_low, impact.affected_high, said.get("affectedInterval"), floor)
    accounts = [a for a in impact.accounts if a.affected_lines >= floor]
    told: dict[str, Any] = {
        "exposed": steady(impact.exposed, last_said(said, "exposed"), floor), "affected": affected,
        "affectedInterval": None if affected is None else interval,
        **reachable([(d.why_not, d.action != "none") for d in step.decisions], floor, said),
        "accounts": [_account(a, step) for a in accounts[:cap]],
    }  # fmt: skip
    if len(accounts) > cap:
        told["accountsNotListed"] = len(accounts) - cap
    return _noted(told, floor)


def recounted(told: Mapping[str, Any], people: Sequence[tuple[str, bool]], floor: int) -> dict[str, Any]:
    """An alert's `impact` with those who can be reached by now; `people` as in `reachable`."""
    return _noted({**told, **reachable(people, floor, told)}, floor)


def _noted(told: dict[str, Any], floor: int) -> dict[str, Any]:
    if None in told.values():
        told["note"] = f"null: under {floor}, withheld"
    return told


def last_said(said: Mapping[str, Any], name: str) -> Sequence[int | None]:
    """What the last alert's `impact` said of this count, if there was one."""
    return [said[name]] if name in said else []


def reachable(
    people: Sequence[tuple[str, bool]], floor: int, said: Mapping[str, Any] | None = None
) -> dict[str, Any]:  # fmt: skip
    """Of `people` (why not, is something proposed for this one): how many may be contacted, for how many care is proposed
    something, and how many are left out, `withheld` by reason of WHY_NOT; a reason under the floor has no entry, as if it
    were nobody's. The same that an alert says at the moment when it is sent. `said`: the last alert's `impact`.

    >>> reachable([("no_consent", False)] * 7 + [("cap", False)] * 3 + [("", True)] * 9 + [("", False)] * 11, 5)
    {'suppressedByConsent': 5, 'contactable': 20, 'proposed': 10, 'withheld': {'no_consent': 5}}
    """
    counts, before = Counter(why for why, _ in people), said or {}
    last = {reason: [n] for reason, n in before["withheld"].items()} if "withheld" in before else {}
    nothing = [None] if "withheld" in before else []
    told = {reason: steady(counts[reason], last.get(reason, nothing), floor) for reason in WHY_NOT}
    suppressed = sum(counts[reason] for reason in CONSENT_REASONS)
    return {
        "suppressedByConsent": steady(suppressed, last_said(before, "suppressedByConsent"), floor),
        "contactable": steady(counts[""], last_said(before, "contactable"), floor),
        "proposed": steady(sum(proposed for _, proposed in people), last_said(before, "proposed"), floor),
        "withheld": {reason: n for reason, n in told.items() if n is not None},
    }


def _account(account: AccountImpact, step: Step) -> dict[str, Any]:
    mine = next((one for one in step.accounts if one.account == account.account and one.action != "none"), None)
    told = account_part(account, step.floor)
    return told if mine is None else told | {"action": {"kind": mine.action, "team": mine.team}}
