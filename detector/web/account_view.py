"""An account beside an incident, as a line of its page: counts in steps of the floor, and what follows from them."""

from dataclasses import dataclass

from detector.care.privacy import shown
from detector.domain.impact import AccountImpact


@dataclass(frozen=True)
class AccountLine:
    """One line, as text; empty = nothing to say."""

    name: str
    lines: str
    share: str
    roles: str
    service_level: str
    cells: str


def account_line(one: AccountImpact, floor: int) -> AccountLine:
    """
    >>> firm = AccountImpact(account="acc_9f", kind="enterprise", tier="gold", affected_lines=34, lines=210,
    ...     care_team="", roles=(("manager", 6),), sla="99.9", sla_minutes_used=3.2)
    >>> line = account_line(firm, floor=5)
    >>> line.name, line.lines, line.share, line.roles, line.service_level
    ('acc_9f, gold', '35 of 210 lines', '17 %', '5 manager', '3.2 min of 99.9 %')
    """
    affected, lines = shown(one.affected_lines, floor), shown(one.lines, floor)
    roles = [f"{n} {role}" for role, held in one.roles if (n := shown(held, floor)) is not None]
    return AccountLine(
        f"{one.account}, {one.tier}" if one.tier else one.account,
        f"{affected:,} of {lines:,} lines" if affected and lines else f"fewer than {floor} lines",
        f"{min(affected / lines, 1.0):.0%}".replace("%", " %") if affected and lines else "",
        ", ".join(roles),
        _service_level(one),
        ", ".join(f"{cell} ({100 * share:.0f} %)" for cell, share in one.cell_shares),
    )


def _service_level(one: AccountImpact) -> str:
    """Of the month, where that is known: what this incident took is in it."""
    level = one.sla.rstrip("% ")
    if one.sla_minutes_month is not None and one.sla_minutes_allowed is not None:
        return f"{one.sla_minutes_month:.0f} min lost this month, {one.sla_minutes_allowed:.0f} min allowed by {level} %"
    return f"{one.sla_minutes_used:.1f} min of {level} %" if level and one.sla_minutes_used else ""
