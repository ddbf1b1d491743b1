"""Who is affected and whom care may contact, as counts of the incident's page: in steps of the privacy floor."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detector.care.impact_part import counted, on_the_list
from detector.care.privacy import shown
from detector.domain.impact import AccountImpact, Impact
from detector.domain.incident import Incident
from detector.labels import terms
from detector.web import serializers
from detector.web.page import Page
from detector.web.service import CareView, WebService

MOST_ACCOUNTS = 8
"""Accounts named on the page of an incident. Chosen: a screen."""


@dataclass(frozen=True)
class AccountGroup:
    """Accounts of one kind: how many, and with how many lines affected."""

    kind: str
    accounts: str
    lines: str


@dataclass(frozen=True)
class AccountLine:
    """One line, as text; empty = nothing to show."""

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


def nobody_known(service: WebService, impact: Impact) -> bool:
    """Neither customers nor their presence: how many are affected is not known, which is another thing than few."""
    return impact.exposed <= 0 and not service.knows_people()


def people(impact: Impact, page: Page, notified: Mapping[str, Any]) -> dict[str, object]:
    """The counts of people and accounts, none under the floor; `notified`: counts of the last alert."""
    large = serializers.nameable(impact.accounts, floor=page.floor)
    seen = counted(impact, page.floor, notified)
    return {
        "affected": page.rounded(seen.affected),
        "interval": "" if seen.interval is None else "{:,} to {:,} at 95 % confidence".format(*seen.interval),
        "exposed": page.rounded(seen.exposed),
        "floor": page.floor,
        "groups": account_groups(impact.accounts, page),
        "named": [account_line(a, page.floor) for a in large[:MOST_ACCOUNTS]],
        "assessed": page.clock(impact.assessed_at),
    }


def account_groups(accounts: Sequence[AccountImpact], page: Page) -> list[AccountGroup]:
    """By kind, most affected lines first. Where the lines are too few to be notified, so are the accounts;
    firms are no persons, their number is shown as it is."""
    kinds: dict[str, list[AccountImpact]] = defaultdict(list)
    for account in accounts:
        kinds[account.kind].append(account)
    ordered = sorted(kinds.items(), key=lambda item: (-sum(a.affected_lines for a in item[1]), item[0]))
    groups = []
    for kind, own in ordered:
        lines = sum(a.affected_lines for a in own)
        few, firms = shown(lines, page.floor) is None, kind in {"enterprise", "government"}
        accounts_text = "" if few else f"{len(own):,}" if firms else page.count(len(own))
        groups.append(
            AccountGroup(terms.ACCOUNT_KINDS.get(kind, kind or "kind not known"), accounts_text, page.count(lines))
        )
    return groups


def care_words(care: CareView, page: Page, incident: Incident, notified: Mapping[str, Any]) -> dict[str, object]:
    """`reach`: of how many on the list how many may be contacted, and for how many something is proposed. More may be on the
    list than are expected to suffer: each with a chance of their own. `notified`: counts of the last alert."""
    reasons = sorted(care.withheld.items(), key=lambda item: (-item[1], item[0]))
    what = "to be contacted" if incident.state == "open" else "to hear that it is over"
    seen = on_the_list(max(care.listed, care.contactable), care.contactable, care.proposed, page.floor, notified)
    listed = f" of {seen['listed']:,} listed" if seen["listed"] else ""
    reach = [f"{page.rounded(seen['contactable'])}{listed} may be contacted"]
    reach += [f"{page.rounded(seen['proposed'])} {what}"] if care.proposed else []
    return {
        "say": care.say,
        "action": care.action.replace("_", " "),
        "held": terms.HELD.get(care.held, care.held),
        "team": care.team,
        "reach": ", ".join(reach),
        "withheld": [(terms.WITHHELD.get(why, why), page.count(n)) for why, n in reasons if n],
    }
