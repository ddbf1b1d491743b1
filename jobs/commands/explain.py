"""`precall explain`: everything that is held of one person and every decision with its reasons, for whoever has to answer
a request for access."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from detector.app import App
from detector.care.consent import bases, permission
from detector.clock import WallClock
from detector.domain.customer import CHANNELS, PURPOSES, Consent, Customers
from detector.domain.incident import Incident
from detector.domain.ports import Reference
from detector.impact import expected_presence_of
from detector.store.parquet import read_columns
from detector.store.person_match import PersonMatcher
from detector.store.pii_columns import subject_tables
from detector.store.tables import metadata
from jobs import models
from jobs.commands.explain_text import Row, decision_in_words, printed, profile_in_words
from jobs.commands.forget import own_accounts

_OF_A_DECISION = (
    "incident_id",
    "listed_at",
    "delisted_at",
    "probability",
    "basis",
    "contactable",
    "why_not",
    "action",
    "channel",
    "rule",
)
_OF_SOMEBODY_ELSE = {"listing": "subscriber", "communication": "subscriber"}
"""Tables whose rows may be about a minor whose guardian this person is: of those only that they name the person."""
_ABOUT_PEOPLE = frozenset(table.name for table in subject_tables(metadata))


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """`data`: every row of every table that mentions the person, or an account that is theirs alone, as it is stored; the
    rest states the same in words. Of a row about somebody else (a minor, to whose guardian care writes) only that part which
    is about this person."""

    pseudonyms: Sequence[str]
    known: Mapping[str, Any]
    consents: Sequence[Row]
    permissions: Sequence[Row]
    decisions: Sequence[Row]
    attachments: Sequence[Row]
    habits: Sequence[Row]
    accesses: Sequence[Row]
    data: Mapping[str, Sequence[Row]]
    in_words: Sequence[str]

    def shown(self, as_json: bool) -> str:
        return json.dumps(asdict(self), indent=2, default=str) if as_json else printed(asdict(self))


def explain(app: App, raw_subscriber: str) -> Explanation:
    """Written to the audit log before it is answered. Raises InvalidIdentity if nobody is named."""
    names = [*dict.fromkeys(app.pseudonymiser.subscribers(raw_subscriber))]
    for name in names:
        app.store.audit.note(WallClock().now(), "cli", "explain", name)
    return _ExplanationBuilder(app, names, app.feeds.reference(app.clock.now())).explanation()


@dataclass(frozen=True)
class _ExplanationBuilder:
    app: App
    names: Sequence[str]
    reference: Reference

    def explanation(self) -> Explanation:
        alone = own_accounts(self.app, self.reference.customers, self.names)
        found = self.app.store.erasure.rows([*self.names, *alone])
        data = {table: [self._own_part(table, row, [*self.names, *alone]) for row in rows] for table, rows in found.items()}
        habits = list(self._profile_rows())
        return Explanation(
            pseudonyms=self.names,
            known=self._known(),
            consents=self._consents(),
            permissions=self._permissions(),
            decisions=self._decisions(data),
            attachments=self._attachments(),
            habits=habits,
            accesses=self._accesses(data),
            data=data,
            in_words=profile_in_words(habits),
        )

    def _own_part(self, table: str, row: Mapping[str, Any], names: Sequence[str]) -> Row:
        about = _OF_SOMEBODY_ELSE.get(table)
        own = {name: value for name, value in row.items() if not isinstance(value, bytes)}
        if about is None or row[about] in self.names:
            return own if table in _ABOUT_PEOPLE else {name: _only(value, names) for name, value in own.items()}
        kept = ("incident_id", "recipient", "at", "listed_at", "delisted_at", "decided_at", "action", "channel")
        return {name: own[name] for name in kept if name in own} | {"as": "guardian"}

    def _known(self) -> Mapping[str, Any]:
        """As the operator's tables have it now; a guardian or an account is named by pseudonym."""
        customers = self.reference.customers
        person = customers.subscribers.get(self.names[0])
        roles = [{"account": m.account, "role": m.role} for m in customers.memberships if m.subscriber == self.names[0]]
        wards = sum(one.guardian == self.names[0] for one in customers.subscribers.values())
        return (asdict(person) if person else {}) | {"memberships": roles, "guardian_of": wards}

    def _consents(self) -> list[Row]:
        """The person's own rows, and those of accounts, oldest first."""
        customers = self.reference.customers
        holders = [("subscriber", self.names[0]), *(("account", a) for a in customers.accounts_of.get(self.names[0], ()))]
        rows: list[Consent] = [row for holder in holders for row in customers.consents_of.get(holder, ())]
        return [asdict(row) for row in sorted(rows, key=lambda row: row.since)]

    def _permissions(self) -> list[Row]:
        """What the consents mean now, purpose by purpose and channel by channel."""
        customers: Customers = self.reference.customers
        on, now = bases(self.app.settings.care, self.reference.operator.country), int(self.app.clock.now())
        return [
            {"purpose": purpose, "channel": channel, "basis": on[purpose], "allowed": not why, "why_not": why}
            for purpose in PURPOSES
            for channel in CHANNELS
            for why in [
                permission(self.names[0], customers=customers, purpose=purpose, channel=channel, at=now, basis=on[purpose])
            ]
        ]

    def _decisions(self, data: Mapping[str, Sequence[Row]]) -> list[Row]:
        """Each row of the lists, with the incident it is about, the communication, and the row as a sentence."""
        rows = [row for row in data.get("listing", ()) if row.get("subscriber") in self.names]
        incidents = {i.incident_id: i for i in self.app.store.incidents.named({row["incident_id"] for row in rows})}
        return [self._decision(row, incidents.get(row["incident_id"])) for row in sorted(rows, key=lambda r: r["row"])]

    def _decision(self, row: Row, incident: Incident | None) -> Row:
        alerts = [m for m in self.app.store.outbox.alerts_of(row["incident_id"]) if m.time <= (row["delisted_at"] or m.time)]
        said = alerts[-1].data.get("say") if alerts and row["action"] != "none" and row["contactable"] else None
        about: dict[str, Any] = {
            "incident": incident.reason or incident.kind if incident else "no longer kept",
            "since": incident.started_at if incident else None,
            "until": incident.over_at if incident else None,
        }
        whole = {name: row[name] for name in _OF_A_DECISION} | about | {"said": said}
        whole["to_guardian"] = bool(row["recipient"]) and row["recipient"] not in self.names
        return whole | {"in_words": decision_in_words({**row, **whole})}

    def _attachments(self) -> list[Row]:
        """Every row of presence, in order of time."""
        paths = self.app.store.erasure.attachments(self.names)
        listed = ", ".join(f"'{name}'" for name in self.names)
        found = read_columns(paths, f"subscriber IN ({listed})") if paths else {}
        rows = [dict(zip(found, values, strict=True)) for values in zip(*(c.tolist() for c in found.values()), strict=True)]
        return sorted(rows, key=lambda row: (row["start"], row["cell"]))

    def _profile_rows(self) -> Iterator[Row]:
        """Mean seconds an hour, by hour of the week and cell."""
        profile = models.load_mobility_profile(self.app.store)
        if profile is None or not len(places := profile.places(self.names)):
            return
        expected = expected_presence_of(profile, places)
        for hour in range(len(expected.hour_start) - 1):
            for at in range(expected.hour_start[hour], expected.hour_start[hour + 1]):
                yield {
                    "hour_of_week": hour,
                    "cell": expected.cells[expected.cell[at]],
                    "seconds": round(float(expected.seconds[at])),
                    "attempts": round(float(expected.attempts[at]), 2),
                }

    def _accesses(self, data: Mapping[str, Sequence[Row]]) -> list[Row]:
        """Who looked this person up, and who read a list while the person may have been on it."""
        own = [dict(row) for row in data.get("audit", ())]
        lists = {row["incident_id"] for row in data.get("listing", ())}
        read = [dict(one) for one in self.app.store.audit.about(lists, "affected")]
        rows = sorted([*own, *read], key=lambda row: (row["at"], row["row"]))
        return [next(same) for _, same in groupby(rows, key=lambda row: row["row"])]


def _only(value: Any, names: Sequence[str]) -> Any:
    """The part of a list or mapping about several people that is about this one.

    >>> _only([{"account": "acc_1", "lines": 2}, {"account": "acc_2", "lines": 9}], ["acc_1"])
    [{'account': 'acc_1', 'lines': 2}]
    """
    if isinstance(value, list):
        return [_only(one, names) for one in value if _mentions(one, names)]
    if isinstance(value, dict) and not any(name in (*value.values(),) for name in names):
        return {key: _only(one, names) for key, one in value.items() if key in names or _mentions(one, names)}
    return value


def _mentions(value: Any, names: Sequence[str]) -> bool:
    return PersonMatcher(tuple(names)).in_json(value)
