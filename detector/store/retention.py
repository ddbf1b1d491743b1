"""How long each table keeps its rows: a setting of [retention] for each about people, a reason for the rest."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update

from detector.domain.policy import RetentionPolicy
from detector.domain.window import DAY_S
from detector.store import audit_chain, tables
from detector.store.database import Database
from detector.store.notifications import forget_incidents

_A_QUERY = 500
"""Rows deleted in one statement. Chosen: other writers get their turn between two."""
EVENT, WALL = "event", "wall"
"""The clock of a table's times."""


@dataclass(frozen=True)
class Rule:
    """Rows go that are older than `days`, a key of RetentionPolicy, by this clock; `old` selects them, given the instant."""

    days: str
    clock: str
    old: Callable[[float], ColumnElement[bool]]


def _over(before: float) -> ColumnElement[bool]:
    """Listings that ended, or whose incident was over, before this moment."""
    incident, listing = tables.incident.c, tables.listing.c
    over = select(incident.incident_id).where(incident.state != "open", incident.updated_at < before)
    return or_(listing.delisted_at < before, listing.incident_id.in_(over))


def _delivered(before: float) -> ColumnElement[bool]:
    return tables.outbox.c.finished_at < before


RULES: Mapping[str, Rule] = {
    "listing": Rule("affected_days", EVENT, _over),
    "impact": Rule("impacts_days", EVENT, lambda at: tables.impact.c.assessed_at < at),
    "interaction": Rule("interactions_days", EVENT, lambda at: tables.interaction.c.at < at),
    "subscriber_event": Rule("events_days", EVENT, lambda at: tables.subscriber_event.c.at < at),
    "experience": Rule("experience_days", EVENT, lambda at: tables.experience.c.day < at),
    "communication": Rule("communications_days", EVENT, lambda at: tables.communication.c.at < at),
    "feedback": Rule("feedback_days", EVENT, lambda at: tables.feedback.c.at < at),
    "outbox": Rule("deliveries_days", WALL, _delivered),
    "finding": Rule("findings_days", EVENT, lambda at: tables.finding.c.last_at < at),
    "vault": Rule("vault_days", WALL, lambda at: tables.vault.c.gone_at < at),
    "audit": Rule("audit_days", WALL, lambda at: tables.audit.c.at < at),
}
REASONS: Mapping[str, str] = {
    "source_file": "names of counter files: they go with the ticks that they fed",
    "tick": "the manifest of the KPI history: goes with it",
    "tick_source_file": "goes with its tick",
    "pending_step": "work to do: settled, not kept",
    "completed_step": "goes with its tick",
    "notification": "counts, no people: of an incident that was over before `affected_days` nothing is kept",
    "waiting_incident": "of an incident that was over before `affected_days` nothing is kept",
    "outlook": "of an incident that was over before `affected_days` nothing is kept",
    "cursor": "one row for each feed and what it brings",
    "progress": "one row a job",
    "feed_state": "one row a feed",
    "feed_part": "one row for each kind of file of a feed",
    "feed_stop": "what is silent now",
    "counter_name": "names of counters, bounded in number",
    "missing_data": "one row a duration, as of the newest decision",
    "learned_extent": "one row a duration, of the present baselines",
    "adopted_level": "cells and KPIs, no people",
    "learned_model": "weights and rates by cell, no people",
    "contact_burst": "places and counts, no people: dropped after 28 days by the scan",
    "tombstone": "digests of erased people: go with the longest retention of files that could bring them back",
    "key_fingerprint": "one row a key",
    "saved_clock": "one row",
    "daemon_lease": "goes when it has run out",
    "audit_head": "one row",
    "delivery_clock": "one row for each start of a machine that delivered",
    "receiver_state": "one row a receiver",
    "degradation": "cells and KPIs, no people: kept for planning",
    "incident": "cells and causes, no people: kept for planning",
    "web_session": "sessions of the pages, hashed: go when they are over, at the next sign-in",
    "decision": "degradations and incidents of the last hours, no people",
    "stored_file": "checksums of files, no people: each goes with its file",
}
"""Tables without a rule of their own, and why."""


class Retention:
    """`prune` deletes what is older than it may be."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def prune(
        self, retention_policy: RetentionPolicy, *, now: float, wall_now: float, known: Collection[str] = ()
    ) -> dict[str, int]:
        """Rows gone by table. `now`: event time; `known`: pseudonyms that the source's tables name at present: the sealed
        identity of everyone else goes in time. None known: the tables are not there, and nobody is taken for gone."""
        clocks = {EVENT: now, WALL: wall_now}
        before = {name: clocks[rule.clock] - getattr(retention_policy, rule.days) * DAY_S for name, rule in RULES.items()}
        with self._database.begin() as connection:
            if known:
                _mark_gone(connection, known, wall_now)
            gone = {
                name: connection.execute(delete(tables.metadata.tables[name]).where(rule.old(before[name]))).rowcount
                for name, rule in RULES.items()
                if name != "audit"
            }
            gone["outbox"] += _without_receiver(connection, now - retention_policy.deliveries_days * DAY_S)
            gone["audit"] = audit_chain.prune(connection, before["audit"], wall_now)
            gone |= _per_incident(connection, before["listing"])
        return gone


def _without_receiver(connection: Connection, before: float) -> int:
    """Alerts without a receiver are finished when they are made, in event time."""
    outbox = tables.outbox
    kept = and_(outbox.c.finished_at.is_(None), outbox.c.state == "sent", outbox.c.time < before)
    return connection.execute(delete(outbox).where(kept)).rowcount


def _per_incident(connection: Connection, before: float) -> dict[str, int]:
    """What was kept beside incidents that were over before this moment: table -> rows gone."""
    incident = tables.incident.c
    over = select(incident.incident_id).where(incident.state != "open", incident.updated_at < before)
    return forget_incidents(connection, connection.execute(over).scalars())


def _mark_gone(connection: Connection, known: Collection[str], at: float) -> None:
    """Since when a sealed identity is in no table any more; one that came back is not gone."""
    vault = tables.vault
    held = {key: since for key, since in connection.execute(select(vault.c.pseudonym, vault.c.gone_at))}  # noqa: C416
    gone = [key for key, since in held.items() if since is None and key not in known]
    back = [key for key, since in held.items() if since is not None and key in known]
    for keys, since in ((gone, int(at)), (back, None)):
        for start in range(0, len(keys), _A_QUERY):
            part = vault.c.pseudonym.in_(keys[start : start + _A_QUERY])
            connection.execute(update(vault).where(part).values(gone_at=since))
