"""Files about people: subscribers, accounts, members, consents, contacts, surveys, events, and whom each fault touched."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from detector.domain.window import DAY_S
from detector.simulator.complaint_texts import survey_text
from detector.simulator.complaints import ContactRow
from detector.simulator.presence import Suffering
from detector.simulator.subscribers import Household, People, draw_attributes
from detector.simulator.tables import Cell, iso, write_rows
from detector.simulator.world import World

SUBSCRIBERS = (
    "subscriber_id",
    "account_id",
    "segment",
    "vip",
    "vulnerable",
    "minor",
    "guardian_id",
    "preferred_channel",
    "language",
    "device",
    "plan",
    "partner",
    "lifetime_value",
    "nps",
)
ACCOUNTS = ("account_id", "kind", "name", "tier", "sla", "care_team", "parent_id")
CONSENTS = ("holder_kind", "holder_id", "purpose", "channel", "state", "since", "basis")
CONTACTS = (
    "contact_id",
    "subscriber_id",
    "at",
    "channel",
    "category",
    "text",
    "cell_id",
    "latitude",
    "longitude",
    "outcome",
    "escalated",
    "reopened",
)
PURPOSES = {"network_care_analysis": 0.93, "profiling": 0.5, "proactive_contact": 0.65, "survey": 0.4}
FIRMS = ("enterprise", "government")


def write_people(out: Path, world: World, people: People) -> None:
    """subscribers, accounts, account_members, consents."""
    write_rows(out / "subscribers.csv", SUBSCRIBERS, _subscribers(world, people))
    write_rows(out / "accounts.csv", ACCOUNTS, _accounts(world, people))
    write_rows(out / "account_members.csv", ("account_id", "subscriber_id", "role"), _members(people))
    write_rows(out / "consents.csv", CONSENTS, _consents(world, people))


def account_id(index: int) -> str:
    return f"a{index + 1:06d}"


def _role(home: Household, index: int, minor: bool) -> str:
    """The first line of a private account holds it; a firm's first manages it and the next two lead it."""
    place = index - home.first
    if home.kind in FIRMS:
        return ("manager", "executive", "executive")[place] if place < 3 else "line"
    return "holder" if place == 0 else "dependant" if minor else "line"


def _subscribers(world: World, people: People) -> Iterator[Sequence[Cell]]:
    own = draw_attributes(world.scenario, len(people))
    draws = own.draws
    for i, (account, minor) in enumerate(zip(people.account.tolist(), people.minor.tolist(), strict=True)):
        home = people.households[account]
        role = _role(home, i, minor)
        firm = home.kind in FIRMS
        vip = bool(draws[0, i] < (0.5 if role == "executive" else 0.012 * (not minor)))
        yield (
            people.ids[i],
            account_id(account),
            "business" if firm else "youth" if minor else "consumer",
            vip,
            bool(draws[1, i] < 0.02),
            minor,
            people.ids[home.first] if minor else "",
            str(own.channel[i]) if draws[2, i] < 0.95 else "",
            str(own.language[i]),
            "phone-5g" if people.modern[i] else "phone-4g",
            "business" if firm else ("S", "M", "L")[int(draws[3, i] * 3)],
            "retail-partner" if draws[4, i] < 0.1 else "",
            float(own.worth[i]),
            int(own.nps[i]) if draws[5, i] < 0.3 else "",
        )


def _accounts(world: World, people: People) -> Iterator[Sequence[Cell]]:
    rng = world.scenario.rng("people", "accounts")
    tiers, firms = ("gold", "silver", "bronze"), list[str]()
    for index, home in enumerate(people.households):
        tier, child, parent = rng.integers(3), rng.random(), rng.random()
        firm = home.kind in FIRMS
        above = firms[int(parent * len(firms))] if home.kind == "enterprise" and firms and child < 0.1 else ""
        firms += [account_id(index)] if home.kind == "enterprise" else []
        yield (
            account_id(index),
            home.kind,
            f"Account {index + 1}",
            tiers[int(tier)] if firm else "",
            "99.9" if firm else "",
            "enterprise-care" if firm else "consumer-care",
            above,
        )


def _members(people: People) -> Iterator[Sequence[Cell]]:
    for i, (account, minor) in enumerate(zip(people.account.tolist(), people.minor.tolist(), strict=True)):
        yield account_id(account), people.ids[i], _role(people.households[account], i, minor)


def _consents(world: World, people: People) -> Iterator[Sequence[Cell]]:
    """About 65 % granted proactive contact; a tenth of them took it back, some of those during the simulated time."""
    rng = world.scenario.rng("people", "consents")
    signed = world.scenario.start - 90 * DAY_S

    def given(kind: str, holder: str, share: float, purpose: str) -> Iterator[Sequence[Cell]]:
        grants, since, revokes, when, narrow = rng.random(5)
        if grants < share:
            channel = "sms" if purpose == "proactive_contact" and narrow < 0.15 else "any"
            at = signed - int(since * 300 * DAY_S)
            yield kind, holder, purpose, channel, "granted", iso(at), "contract" if kind == "account" else "opt_in"
            if revokes < 0.1 and purpose != "network_care_analysis":
                back = at + int(when * (world.scenario.end - at))
                yield kind, holder, purpose, "any", "withdrawn", iso(back), "opt_out"
        elif revokes < 0.3:
            yield kind, holder, purpose, "any", "withdrawn", iso(signed - int(since * 300 * DAY_S)), "opt_out"

    for purpose, share in PURPOSES.items():
        for name in people.ids.tolist():
            yield from given("subscriber", name, share, purpose)
        for index, home in enumerate(people.households):
            if home.kind in FIRMS:
                yield from given("account", account_id(index), min(share + 0.2, 1.0), purpose)


def contact_rows(world: World, people: People, contacts: Sequence[ContactRow]) -> Iterator[Sequence[Cell]]:
    """Rows of contacts.csv; ids count from 1."""
    for number, row in enumerate(contacts, 1):
        cell = world.network.cells[row.cell] if row.cell >= 0 else None
        placed = cell is not None and row.person < 0
        yield (
            f"k{number:06d}",
            people.ids[row.person] if row.person >= 0 else "",
            iso(row.at),
            row.channel,
            row.category,
            row.text,
            cell.cell_id if cell and row.person >= 0 else "",
            cell.latitude if cell and placed else "",
            cell.longitude if cell and placed else "",
            "solved",
            row.escalated,
            row.reopened,
        )


def write_aftermath(out: Path, world: World, people: People, contacts: Sequence[ContactRow], now: int) -> None:
    """surveys.csv and subscriber_events.csv that follow from contacts, as known at `now` (s)."""
    rng, talks = world.scenario.rng("aftermath"), world.scenario.rng("aftermath", "words")
    language = draw_attributes(world.scenario, len(people)).language
    surveys, events = list[Sequence[Cell]](), list[Sequence[Cell]]()
    for row in contacts:
        asked, mood, event, days = rng.random(4)
        name = people.ids[row.person] if row.person >= 0 else ""
        answered, acted = row.at + int(DAY_S * (0.2 + days)), row.at + int(DAY_S * (0.5 + 5 * days))
        if name and asked < 0.12 and answered < now:
            score, writes, what = int(mood * (6 if row.cause >= 0 else 11)), *talks.random(2)
            words = survey_text(str(language[row.person]), score, what) if writes < 0.5 else ""
            surveys.append((f"v{len(surveys) + 1:05d}", name, iso(answered), score, "contact", words))
        if name and event < 0.06 and acted < now:
            kind = ("credit", "offer_made", "offer_taken", "left")[int(event / 0.06 * 4)]
            events.append((name, iso(acted), kind))
    write_rows(out / "surveys.csv", ("survey_id", "subscriber_id", "at", "score", "trigger", "text"), surveys)
    write_rows(out / "subscriber_events.csv", ("subscriber_id", "at", "kind"), events)


def write_suffering(out: Path, world: World, people: People, days: Sequence[Suffering]) -> int:
    """truth_subscribers.csv: who had an own failure from a fault, or 300 degraded seconds; gives the number of rows."""
    none = np.empty(0, np.int64)
    pairs = np.concatenate([none, *(d.fault * len(people) + d.person for d in days)])
    unique, inverse = np.unique(pairs, return_inverse=True)
    count = np.bincount(inverse, np.concatenate([none, *(d.failures for d in days)]), len(unique))
    seconds = np.bincount(inverse, np.concatenate([none, *(d.degraded_s for d in days)]), len(unique))
    rows = (
        (world.faults[k // len(people)].fault_id, people.ids[k % len(people)], int(c), round(s))
        for k, c, s in zip(unique.tolist(), count.tolist(), seconds.tolist(), strict=True)
        if c >= 1 or s >= 300
    )
    return write_rows(out / "truth_subscribers.csv", ("fault_id", "subscriber_id", "failures", "degraded_s"), rows)
