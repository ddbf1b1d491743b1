"""The effect of contacting people first: those whom care contacted, against the random holdout."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from detector.care.holdout import begins
from detector.care.notification import EMERGENCY
from detector.domain.communication import UNCOUNTED, standing
from detector.domain.incident import Incident
from detector.intervals import difference_interval, share_interval
from detector.reports.report import Column, Past, Report, ReportKind, Value, few, rounded_people, withdrawal_note

TITLE = "What it is worth to contact people first: those who were told against those held out"
COLUMNS = (
    Column("measure", "Measure"),
    Column("told", "Told", "people"),
    Column("told_share", "Share of the told", "share"),
    Column("told_low", "from", "share"),
    Column("told_high", "to", "share"),
    Column("held_out", "Held out", "people"),
    Column("held_out_share", "Share of the held out", "share"),
    Column("held_out_low", "from", "share"),
    Column("held_out_high", "to", "share"),
    Column("difference", "Difference", "share"),
    Column("difference_low", "from", "share"),
    Column("difference_high", "to", "share"),
)
MEASURES: Mapping[str, str] = {"complained": "complained of the network", "left": "left", "took_offer": "took an offer"}
"""A further measure is one more line, and its moments in `_moments`."""


@dataclass
class _Groups:
    """Person -> the instant (s) of the first draw. `set_aside`: contacted, but never part of a draw."""

    contacted: dict[str, int]
    held_out: dict[str, int]
    set_aside: dict[str, int]


def holdout(past: Past) -> Report:
    """One row a measure: the share of each group that did it in the window after the lot decided about them, with 95 %
    intervals, and contacted less held out: negative means that contacts save complaints. A person counts once, from the
    first time on.

    Only who could have been drawn is compared: not the vulnerable, nobody with a service level, no emergencies and no
    notifiable outages, and nothing of before the holdout began. Who was held out once counts as held out.
    """
    groups = _groups(past)
    moments = _moments(past)
    rows = tuple(_row(name, groups, moments[name], past) for name in MEASURES)
    return Report("holdout", TITLE, COLUMNS, rows, _notes(groups, past))


def _groups(past: Past) -> _Groups:
    known = {i.incident_id: i for i in past.incidents}
    contacts = [said for said in standing(past.communications) if said.action not in UNCOUNTED and said.subscriber]
    first: dict[str, int] = {}
    for said in contacts:
        first.setdefault(said.incident_id, said.at)
    held: dict[str, int] = {}
    for one in past.held_out:
        if one.incident_id in first:  # of an incident without a notification, nobody was contacted
            at = max(one.listed_at, first[one.incident_id])
            held[one.subscriber] = min(at, held.get(one.subscriber, at))
    contacted: dict[str, int] = {}
    aside: dict[str, int] = {}
    for said in contacts:
        if said.subscriber in held:
            continue
        drawn = _could_be_drawn(said.subscriber, said.recipient, said.at, known.get(said.incident_id), past)
        group = contacted if drawn else aside
        group.setdefault(said.subscriber, said.at)
    return _Groups(contacted, held, {key: at for key, at in aside.items() if key not in contacted})


def _could_be_drawn(subscriber: str, recipient: str, at: int, incident: Incident | None, past: Past) -> bool:
    policy, customers = past.holdout, past.customers
    if incident is None or not policy.approved_by or incident.opened_at < begins(policy):
        return False
    notifiable = len(incident.cells) >= policy.notifiable_cells or at - incident.started_at >= policy.notifiable_minutes * 60
    if incident.severity == EMERGENCY or notifiable:
        return False
    both = (subscriber, recipient)
    accounts = (customers.accounts.get(key) for one in both for key in customers.every_account_of.get(one, ()))
    vulnerable = any(person.vulnerable for one in both if (person := customers.subscribers.get(one)))
    return not vulnerable and not any(account and account.sla for account in accounts)


def _moments(past: Past) -> dict[str, dict[str, list[int]]]:
    """Measure -> person -> when they did it."""
    contacts = (one for one in past.interactions if one.about_network)
    complained = [(one.subscriber, one.at) for one in contacts if one.subscriber]
    left, taken = ([(one.subscriber, one.at) for one in past.events if one.kind == kind] for kind in ("left", "offer_taken"))
    return {"complained": _by_person(complained), "left": _by_person(left), "took_offer": _by_person(taken)}


def _by_person(pairs: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for who, at in pairs:
        found.setdefault(who, []).append(at)
    return found


def _row(name: str, groups: _Groups, moments: Mapping[str, list[int]], past: Past) -> tuple[Value, ...]:
    """Shares of a group, or done by a number, under the floor are withheld."""
    contacted, held = (_counted(group, moments) for group in (groups.contacted, groups.held_out))
    hidden = [few(of, past.floor) or few(hits, past.floor) for hits, of in (contacted, held)]
    cells: list[Value] = [MEASURES[name]]
    for (hits, of), withheld in zip((contacted, held), hidden, strict=True):
        cells += [rounded_people(of, past.floor), *((None,) * 3 if withheld else _share(hits, of))]
    return *cells, *((None,) * 3 if any(hidden) else _difference(*contacted, *held))


def _share(hits: int, count: int) -> tuple[float, ...]:
    """hits / count with its interval, to four decimals."""
    return tuple(round(value, 4) for value in (hits / count, *share_interval(hits, count)))


def _difference(hits: int, count: int, other_hits: int, other_count: int) -> tuple[float, ...]:
    """The first share less the other with its interval, to four decimals."""
    value = hits / count - other_hits / other_count
    return tuple(round(one, 4) for one in (value, *difference_interval(hits, count, other_hits, other_count)))


def _counted(group: Mapping[str, int], moments: Mapping[str, list[int]]) -> tuple[int, int]:
    return sum(any(at > since for at in moments.get(who, ())) for who, since in group.items()), len(group)


def _notes(groups: _Groups, past: Past) -> tuple[str, ...]:
    policy = past.holdout
    if not policy.approved_by:
        return ("No holdout is approved: nobody is left out, and nothing can be compared.", *withdrawal_note(past))
    aside = rounded_people(len(groups.set_aside), past.floor)
    number = f"about {aside}" if aside else f"fewer than {past.floor}"
    why = "vulnerable, service level, emergency, notifiable outage"
    return (
        f"Holdout '{policy.name}', {policy.share:.0%} of those who would be contacted; approved by {policy.approved_by}.",
        f"Told but not compared, as no lot could leave them out ({why}): {number}.",
        "Shares are withheld where the group, or those of it who did so, are fewer than the floor.",
        *withdrawal_note(past),
    )


REPORT = ReportKind(
    name="holdout", title=TITLE, make=holdout, needs=("incidents", "communications", "held_out", "interactions", "events")
)
