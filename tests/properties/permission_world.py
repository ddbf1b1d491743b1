"""Random histories of people, accounts, consents and communications; and a plain reading of their tables, written apart from
the code, that says which contacts should not have been."""

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from random import Random

from detector.care import DecisionContext, conclude, decide_accounts, decide_people, follow_up, new_communications
from detector.domain.communication import Communication, ContactHistory
from detector.domain.customer import CHANNELS, Account, Consent, Customers, Membership, Subscriber
from detector.domain.impact import AccountImpact, Affected, Impact
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy, HoldoutPolicy, LawfulBasis
from detector.domain.ports import Operator, Reference
from detector.domain.rule import read_rules

NOW = 1_774_339_200  # Tuesday 2026-03-24 08:00 UTC
HOUR, DAY = 3600, 86_400
PEOPLE, FIRMS = ("ann", "bob", "kid", "gus", "eve"), ("fam", "firm", "group")
PURPOSES = ("network_care_analysis", "proactive_contact", "survey")
ZONES = {"UTC": 0, "Asia/Kolkata": 19_800, "America/Lima": -18_000}
RULES = read_rules(
    """
    [[rules]]
    name = "call"
    action = "call"
    when = { vip = true }
    [[rules]]
    name = "message"
    action = "proactive_message"
    [[rules]]
    name = "survey"
    action = "survey"
    [[rules]]
    name = "account"
    of = "account"
    action = "account_manager_briefing"
    """,
    where="test",
)


@dataclass(frozen=True)
class World:
    """One history: `steps` are (moment, incidents as they are then)."""

    customers: Customers
    policy: CarePolicy
    zone: str
    past: tuple[Communication, ...]
    steps: tuple[tuple[int, tuple[Incident, ...]], ...]
    chances: dict[str, float]

    @property
    def reference(self) -> Reference:
        return Reference(operator=Operator(timezone=self.zone, country="DE"), customers=self.customers)

    def impact(self, incident: Incident, at: int) -> Impact:
        known = self.customers.subscribers
        people = tuple(
            Affected(
                incident_id=incident.incident_id,
                subscriber=key,
                account=known[key].account if key in known else "",
                basis="expected",
                probability=chance,
                exposure_s=900.0,
            )
            for key, chance in sorted(self.chances.items())
        )
        accounts = tuple(AccountImpact(account=key, kind="enterprise", tier="", affected_lines=6, lines=9) for key in FIRMS)
        return Impact(
            incident_id=incident.incident_id,
            assessed_at=at,
            exposed=6,
            affected=5.0,
            affected_low=4.0,
            affected_high=6.0,
            people=people,
            accounts=accounts,
        )


def consent(holder: tuple[str, str], purpose: str, channel: str, state: str, since: int) -> Consent:
    kind, name = holder
    return Consent(holder_kind=kind, holder=name, purpose=purpose, channel=channel, state=state, since=since)


def world(dice: Random) -> World:
    """Any history, the likely ones more often than a fair die would have it."""
    one, often = dice.choice, lambda share: dice.random() < share
    people = {
        key: Subscriber(
            key=key,
            account=one(("", *FIRMS)),
            minor=often(0.6 if key == "kid" else 0.1),
            guardian=one(("gus", "gus", "bob", "kid", "", "x")),
            vulnerable=often(0.15),
            vip=often(0.2),
            preferred_channel=one(("", *CHANNELS)),
        )
        for key in PEOPLE
    }
    accounts = {
        key: Account(key, "enterprise", sla=one(("", "", "", "gold")), parent=one(("", "", *FIRMS))) for key in FIRMS
    }
    members = tuple(Membership(one(FIRMS), one(PEOPLE), "manager") for _ in range(dice.randrange(3)))
    holders = [*(("subscriber", key) for key in PEOPLE), *(("account", key) for key in FIRMS)]
    rows = [
        consent(holder, purpose, "any", "granted", NOW - 90 * DAY)
        for holder in holders
        for purpose in PURPOSES
        if often(0.85)
    ]
    for _ in range(dice.randrange(6)):
        state, ago = one(("granted", "withdrawn", "withdrawn")), dice.randrange(-3 * HOUR, 30 * DAY, 900)
        rows.append(consent(one(holders), one(PURPOSES), one(("any", *CHANNELS)), state, NOW - ago))
    dice.shuffle(rows)
    incidents = tuple(_incident(f"inc_{n}", dice) for n in range(dice.randrange(1, 3)))
    return World(
        Customers(people, accounts, members, tuple(rows)),
        _policy(dice),
        one(tuple(ZONES)),
        tuple(_said(dice) for _ in range(dice.randrange(5))),
        tuple(_steps(incidents, dice)),
        {key: one((0.9, 0.9, 0.6, 0.3)) for key in (*PEOPLE, "stranger")},
    )


def _policy(dice: Random) -> CarePolicy:
    begin, end = dice.choice(((21, 8), (21, 8), (0, 0), (6, 14), (12, 12)))
    lawful = tuple(
        LawfulBasis(
            dice.choice(PURPOSES),
            dice.choice(("*", "DE", "FR")),
            dice.choice(("consent", "contract", "legitimate_interest", "legal_obligation")),
        )
        for _ in range(dice.choice((0, 0, 1, 2)))
    )
    holdout = HoldoutPolicy(
        approved_by=dice.choice(("", "the board")),
        share=dice.choice((0.1, 0.5)),
        since=dice.choice(("", "2026-03-24", "2026-04-01")),
        notifiable_cells=dice.choice((2, 20)),
        notifiable_minutes=dice.choice((60, 240)),
    )
    return CarePolicy(
        quiet_from=f"{begin:02}:00",
        quiet_to=f"{end:02}:00",
        max_contacts_per_week=dice.choice((0, 1, 2, 2, 3)),
        max_contacts_per_day=dice.choice((1, 2, 3)),
        lawful_basis=lawful,
        holdout=holdout,
    )


def _incident(name: str, dice: Random) -> Incident:
    begin, cells = NOW - dice.choice((0, HOUR, 3 * DAY)), tuple(f"c{n}" for n in range(dice.choice((1, 1, 2))))
    kind = dice.choice(("outage", "integrity"))
    return Incident(
        incident_id=name,
        root_kind="cell",
        root_id="c0",
        kind=kind,
        started_at=begin,
        opened_at=begin,
        severity=dice.choice(("minor", "major", "critical")),
        degradation_ids=(),
        cells=cells,
        reason="",
    )


def _said(dice: Random) -> Communication:
    who, action = dice.choice(PEOPLE), dice.choice(("call", "proactive_message", "data_boost", "all_clear", "retracted"))
    about = "inc_old" if action == "all_clear" else dice.choice(("inc_0", "inc_1", "inc_old"))  # what is open is not over
    return Communication(
        incident_id=about,
        subscriber=who,
        recipient=who,
        at=NOW - dice.randrange(0, 9 * DAY, HOUR),
        action=action,
        channel="sms",
        offer="",
        rule="message",
        severity=dice.choice(("minor", "major")),
        service=dice.choice(("coverage", "slow")),
    )


def _steps(incidents: tuple[Incident, ...], dice: Random):
    at = NOW
    for _ in range(dice.randrange(1, 3)):
        yield at, incidents
        at += dice.choice((900, 5 * HOUR, 14 * HOUR))
        worse = dice.choice(("minor", "major", "critical"))
        incidents = tuple(replace(i, severity=worse) if dice.random() < 0.3 else i for i in incidents)
    yield at, tuple(replace(i, state="resolved", resolved_at=at) for i in incidents)


def communications_of(world: World) -> list[tuple[Incident, Communication]]:
    """What care is asked to say, step by step, by the code."""
    said, knows = [], ContactHistory.of(world.past)
    for at, incidents in world.steps:
        knows = replace(knows, open_=frozenset(i.incident_id for i in incidents if i.state == "open"))
        for incident in incidents:
            service = "coverage" if incident.kind == "outage" else "slow"
            care = DecisionContext(
                reference=world.reference,
                now=at,
                care_policy=world.policy,
                rules=RULES,
                contact_history=knows,
            )
            impact = world.impact(incident, at)
            if incident.state == "open":
                decided, after = decide_people(incident, impact, service, care), ()
            else:
                decided = conclude(incident, impact, care)
                after = follow_up(incident, impact, service, decided, care)
            accounts = decide_accounts(incident, impact, service, decided, care)
            rows = new_communications(incident, service, (*decided, *after, *accounts), knows, at)
            knows = knows.adding(rows)
            said += [(incident, row) for row in rows]
    return said


@dataclass
class PlainReading:
    """What the tables say, read as a person would."""

    world: World
    said: list[Communication] = field(default_factory=list)

    def wrong(self, incident: Incident, row: Communication) -> list[str]:
        """Why this contact should not have been; the row counts from now on."""
        before = [*self.world.past, *self.said]
        self.said.append(row)
        if not row.subscriber:
            return [] if row.action == "all_clear" or not self._account_withdrew(row) else ["the account withdrew"]
        faults = [*self._who(row), *self._consents(row)]
        if self._quiet(row.at):
            faults.append("quiet hours")
        if row.action == "all_clear":
            return faults + ([] if self._was_notified(row, before) else ["was never told"])
        return faults + self._too_often(row, before) + self._held_out(incident, row, before)

    def _who(self, row: Communication) -> list[str]:
        person = self.world.customers.subscribers.get(row.subscriber)
        if person is None:
            return ["nobody knows them"]
        if not person.minor:
            return [] if row.recipient == person.key else ["told to somebody else"]
        guardian = self.world.customers.subscribers.get(person.guardian)
        adult = guardian is not None and not guardian.minor
        return [] if adult and row.recipient == person.guardian else ["a minor without an adult guardian"]

    def _consents(self, row: Communication) -> list[str]:
        needed = ("network_care_analysis", "survey" if row.action == "survey" else "proactive_contact")
        faults = []
        for purpose in needed:
            basis = self._basis(purpose)
            for key in {row.subscriber, row.recipient} if basis != "legal_obligation" else ():
                own = self._newest("subscriber", key, purpose, row.channel, row.at)
                if own == "withdrawn" or (own == "" and basis == "consent"):
                    faults.append(f"{key}: {purpose} {own or 'never granted'}")
                above = [self._newest("account", one, purpose, row.channel, row.at) for one in self._accounts(key)]
                if "withdrawn" in above:
                    faults.append(f"{key}: {purpose} withdrawn by an account")
        return faults

    def _basis(self, purpose: str) -> str:
        found = "consent"
        for place in ("*", "DE"):
            for one in self.world.policy.lawful_basis:
                if one.purpose == purpose and one.country == place:
                    found = one.basis
        return found

    def _newest(self, kind: str, key: str, purpose: str, channel: str, at: int) -> str:
        newest, state = -1, ""
        for c in self.world.customers.consents:
            if c.holder != key or c.holder_kind != kind or c.purpose != purpose or c.since > at:
                continue
            if channel and c.channel not in ("any", channel):
                continue
            if c.since > newest or (c.since == newest and c.state == "withdrawn"):
                newest, state = c.since, c.state
        return state

    def _accounts(self, key: str) -> set[str]:
        known = self.world.customers
        found = {m.account for m in known.memberships if m.subscriber == key}
        found |= {known.subscribers[key].account} if key in known.subscribers else set()
        for _ in FIRMS:
            found |= {known.accounts[one].parent for one in found if one in known.accounts}
        return found - {""}

    def _account_withdrew(self, row: Communication) -> bool:
        chain = {row.recipient}
        for _ in FIRMS:
            chain |= {self.world.customers.accounts[one].parent for one in chain if one}
        purposes = ("network_care_analysis", "proactive_contact")
        return any(self._newest("account", one, purpose, "", row.at) == "withdrawn" for one in chain for purpose in purposes)

    def _quiet(self, at: int) -> bool:
        hour = (at + ZONES[self.world.zone]) % DAY / HOUR
        begin, end = int(self.world.policy.quiet_from[:2]), int(self.world.policy.quiet_to[:2])
        return begin <= hour < end if begin <= end else not end <= hour < begin

    def _counted(self, rows: list[Communication], recipient: str) -> list[Communication]:
        left: list[Communication] = []
        for row in sorted((row for row in rows if row.recipient == recipient), key=lambda row: row.at):
            if row.action == "retracted":
                mine = [o for o in left if (o.incident_id, o.subscriber) == (row.incident_id, row.subscriber)]
                left = [o for o in left if not mine or o is not mine[-1]]
            elif row.action != "all_clear":
                left.append(row)
        return left

    def _too_often(self, row: Communication, before: list[Communication]) -> list[str]:
        rows = self._counted(before, row.recipient)
        policy = self.world.policy
        week = sum(o.at >= row.at - 7 * DAY for o in rows) + 1
        day = sum(o.at >= row.at - DAY for o in rows) + 1
        return ["too often"] if week > policy.max_contacts_per_week or day > policy.max_contacts_per_day else []

    def _was_notified(self, row: Communication, before: list[Communication]) -> bool:
        who = (row.incident_id, row.subscriber, row.recipient)
        own = [o for o in before if (o.incident_id, o.subscriber, o.recipient) == who and o.action != "survey"]
        left: list[Communication] = []
        for one in sorted(own, key=lambda o: o.at):
            left = left[:-1] if one.action == "retracted" else [*left, one]
        return bool(left) and left[-1].action != "all_clear"

    def _held_out(self, incident: Incident, row: Communication, before: list[Communication]) -> list[str]:
        policy, both = self.world.policy.holdout, (row.subscriber, row.recipient)
        since = {"": 0, "2026-03-24": NOW - 8 * HOUR, "2026-04-01": NOW + 7 * DAY + 16 * HOUR}[policy.since]
        long = row.at - incident.started_at >= policy.notifiable_minutes * 60
        excluded = incident.severity == "critical" or incident.opened_at < since or long
        excluded = excluded or len(incident.cells) >= policy.notifiable_cells
        known = self.world.customers
        excluded = excluded or any(known.subscribers[k].vulnerable for k in both if k in known.subscribers)
        excluded = excluded or any(known.accounts[a].sla for k in both for a in self._accounts(k) if a in known.accounts)
        already = any(o.incident_id == row.incident_id for o in self._counted(before, row.recipient))
        if not policy.approved_by or excluded or already:
            return []
        return ["held out"] if any(self._drawn(key) for key in both) else []

    def _drawn(self, key: str) -> bool:
        policy = self.world.policy.holdout
        lot = blake2b(key.encode(), digest_size=8, key=policy.name.encode()).hexdigest()
        return int(lot, 16) / 16**16 < policy.share
