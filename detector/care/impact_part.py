"""An alert's `impact`: how many people and which accounts, and how many are left out, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detector.care.alert_context import AlertContext
from detector.care.privacy import shown, steady, steady_interval
from detector.domain.alert import WHY_NOT
from detector.domain.impact import AccountImpact, Impact

CONSENT_REASONS = ("no_consent", "withdrawn", "guardian")
LISTED_NOTE = "listed, contactable, proposed: of everybody on the list; affected: how many of them are expected to suffer"
"""Why more may be contacted than are affected."""


@dataclass(frozen=True)
class Counted:
    """An assessment as outsiders may see it: in steps of the floor, None under it, never more affected than were there, and
    the interval holds the stated count."""

    exposed: int | None
    affected: int | None
    interval: tuple[int, int] | None


def counted(impact: Impact, floor: int, said: Mapping[str, Any]) -> Counted:
    """`said`: the last alert's `impact`, which stays until a count has clearly left it; empty = no alert yet.

    >>> counted(Impact(incident_id="inc_1", assessed_at=0, exposed=36, affected=33.8, affected_low=30.2,
    ...     affected_high=38.0), 5, {})
    Counted(exposed=35, affected=35, interval=(30, 40))
    """
    affected = steady(impact.affected, last_said(said, "affected"), floor)
    exposed = steady(impact.exposed, last_said(said, "exposed"), floor)
    if affected is None:
        return Counted(exposed, None, None)
    low, high = steady_interval(impact.affected_low, impact.affected_high, said.get("affectedInterval"), floor)
    return Counted(max(exposed or 0, affected), affected, (min(low, affected), max(high, affected)))


def impact_part(context: AlertContext, cap: int) -> dict[str, Any]:
    impact, floor, said = context.impact, context.privacy_floor, context.before.get("impact", {})
    seen = counted(impact, floor, said)
    accounts = [a for a in impact.accounts if a.affected_lines >= floor]
    body: dict[str, Any] = {
        "exposed": seen.exposed,
        "affected": seen.affected,
        "affectedInterval": None if seen.interval is None else list(seen.interval),
        **reachable([(d.why_not, d.action != "none") for d in context.assessment.decisions], floor, said),
        "accounts": [_account(a, context) for a in accounts[:cap]],
    }
    if len(accounts) > cap:
        body["accountsNotListed"] = len(accounts) - cap
    return _noted(body, floor)


def recounted(body: Mapping[str, Any], people: Sequence[tuple[str, bool]], floor: int) -> dict[str, Any]:
    """An alert's `impact` with those who can be reached by now; `people` as in `reachable`."""
    return _noted({**body, **reachable(people, floor, body)}, floor)


def _noted(body: dict[str, Any], floor: int) -> dict[str, Any]:
    """With a `note` on what a reader would stumble over."""
    notes = [f"null: under {floor}, withheld"] if None in body.values() else []
    affected = body.get("affected") or 0
    if any((body.get(name) or 0) > affected for name in ("contactable", "proposed")):
        notes.append(LISTED_NOTE)
    body.pop("note", None)
    return body | ({"note": "; ".join(notes)} if notes else {})


def last_said(said: Mapping[str, Any], name: str) -> Sequence[int | None]:
    """This count in the last alert's `impact`, if there was one."""
    return [said[name]] if name in said else []


def reachable(people: Sequence[tuple[str, bool]], floor: int, said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Of the list's `people` (why not, is something proposed for this one): how many are `listed`, how many of them may be
    contacted, for how many care is proposed something, and how many are left out, `withheld` by reason of WHY_NOT; a reason
    under the floor has no entry, as if it were zero. The same as an alert states when it is sent. `said`:
    the last alert's `impact`.

    >>> reachable([("no_consent", False)] * 7 + [("cap", False)] * 3 + [("", True)] * 9 + [("", False)] * 11, 5)
    {'listed': 30, 'suppressedByConsent': 5, 'contactable': 20, 'proposed': 10, 'withheld': {'no_consent': 5}}
    """
    counts, before = Counter(why for why, _ in people), said or {}
    last = {reason: [n] for reason, n in before["withheld"].items()} if "withheld" in before else {}
    nothing = [None] if "withheld" in before else []
    body = {reason: steady(counts[reason], last.get(reason, nothing), floor) for reason in WHY_NOT}

    suppressed = sum(counts[reason] for reason in CONSENT_REASONS)
    reached = on_the_list(len(people), counts[""], sum(is_proposed for _, is_proposed in people), floor, before)
    return {
        "listed": reached["listed"],
        "suppressedByConsent": steady(suppressed, last_said(before, "suppressedByConsent"), floor),
        "contactable": reached["contactable"],
        "proposed": reached["proposed"],
        "withheld": {reason: n for reason, n in body.items() if n is not None},
    }


def on_the_list(listed: int, contactable: int, proposed: int, floor: int, said: Mapping[str, Any]) -> dict[str, int | None]:
    """Each as outsiders may see it, and none smaller than what it holds: all were rounded, and may stand since the last
    alert (`said`).

    >>> on_the_list(23, 12, 12, 5, {"proposed": 15})
    {'listed': 25, 'contactable': 15, 'proposed': 15}
    """
    seen = {
        name: steady(count, last_said(said, name), floor)
        for name, count in (("listed", listed), ("contactable", contactable), ("proposed", proposed))
    }
    seen["contactable"] = _at_least(seen["contactable"], seen["proposed"])
    return seen | {"listed": _at_least(seen["listed"], seen["contactable"])}


def _at_least(whole: int | None, part: int | None) -> int | None:
    return part if whole is None else max(whole, part or 0)


def _account(account: AccountImpact, context: AlertContext) -> dict[str, Any]:
    mine = next(
        (one for one in context.assessment.accounts if one.account == account.account and one.action != "none"), None
    )
    body = _account_values(account, context.privacy_floor)
    return body if mine is None else body | {"action": {"kind": mine.action, "team": mine.team}}


def _account_values(account: AccountImpact, floor: int) -> dict[str, Any]:
    """Counts in steps of the floor, and what follows from them: the exact share would give the exact count away. Roles that
    fewer than the floor hold are left out.

    >>> _account_values(AccountImpact(account="acc_9f", kind="enterprise", tier="gold", affected_lines=34, lines=211,
    ...     roles=(("executive", 2),)), 5)["share"]
    0.17
    """
    affected, lines = shown(account.affected_lines, floor), shown(account.lines, floor)
    part: dict[str, Any] = {
        "ref": account.account,
        "kind": account.kind,
        "tier": account.tier,
        "affectedLines": affected,
        "lines": lines,
        "share": round(min(affected / lines, 1.0), 2) if affected and lines else None,
    }
    if roles := {role: n for role, held in account.roles if (n := shown(held, floor)) is not None}:
        part["roles"] = roles
    if account.sla:
        part |= {"sla": account.sla, "slaMinutesUsed": round(account.sla_minutes_used, 1)}
    if account.sla_minutes_month is not None:
        part |= {"slaMinutesMonth": round(account.sla_minutes_month, 1), "slaMinutesAllowed": account.sla_minutes_allowed}
    if account.cell_shares:
        part["cells"] = [{"id": f"cell:{cell}", "share": round(share, 2)} for cell, share in account.cell_shares]
    return part
