"""An account's part of an alert."""

from typing import Any

from detector.care.privacy import shown
from detector.domain.impact import AccountImpact


def account_part(account: AccountImpact, floor: int) -> dict[str, Any]:
    """Counts in steps of the floor, and what follows from them: the exact share would give the exact count away. Roles that
    fewer than the floor hold are left out.

    >>> account_part(AccountImpact(account="acc_9f", kind="enterprise", tier="gold", affected_lines=34, lines=211,
    ...     roles=(("executive", 2),)), 5)["share"]
    0.17
    """
    affected, lines = shown(account.affected_lines, floor), shown(account.lines, floor)
    told: dict[str, Any] = {
        "ref": account.account,
        "kind": account.kind,
        "tier": account.tier,
        "affectedLines": affected,
        "lines": lines,
        "share": round(min(affected / lines, 1.0), 2) if affected and lines else None,
    }
    if roles := {role: n for role, held in account.roles if (n := shown(held, floor)) is not None}:
        told["roles"] = roles
    if account.sla:
        told |= {"sla": account.sla, "slaMinutesUsed": round(account.sla_minutes_used, 1)}
    if account.sla_minutes_month is not None:
        told |= {"slaMinutesMonth": round(account.sla_minutes_month, 1), "slaMinutesAllowed": account.sla_minutes_allowed}
    if account.cell_shares:
        told["cells"] = [{"id": f"cell:{cell}", "share": round(share, 2)} for cell, share in account.cell_shares]
    return told
