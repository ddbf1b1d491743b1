"""What was learned besides arrays: from how much, which levels are the new normal, the complaint risk, usual rates of
contact."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, delete, select

from detector.domain.contact_burst import Burst, ContactRates
from detector.domain.learned_models import AdoptedLevel, LearnedExtent
from detector.domain.risk import RiskModel
from detector.store.database import Database
from detector.store.records import noun_from, noun_of, row_of, upsert
from detector.store.tables import adopted_level, contact_burst, learned_extent, learned_model

_RISK, _CONTACT_RATES = "risk", "contact_rates"


class LearnedModelRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def extents(self) -> Sequence[LearnedExtent]:
        """What the present baselines were learned from, the shortest duration first."""
        with self._database.read() as connection:
            rows = connection.execute(select(learned_extent).order_by(learned_extent.c.duration_s))
            return [noun_of(LearnedExtent, row) for row in rows]

    def adopted(self) -> Sequence[AdoptedLevel]:
        """Every level that was set as the new normal."""
        with self._database.read() as connection:
            return [noun_of(AdoptedLevel, row) for row in connection.execute(select(adopted_level))]

    def replace(self, connection: Connection, extents: Iterable[LearnedExtent], adopted: Iterable[AdoptedLevel]) -> None:
        """These in place of all that were learned before."""
        connection.execute(delete(learned_extent))
        connection.execute(delete(adopted_level))
        upsert(connection, learned_extent, map(row_of, extents))
        upsert(connection, adopted_level, map(row_of, adopted))

    def risk(self) -> RiskModel | None:
        """The complaint risk, if there is one."""
        row = self._model(_RISK)
        return None if row is None or row[0] is None else RiskModel.from_json(row[0])

    def risk_why_not(self) -> str:
        """Why there is no model of the complaint risk; empty if there is one, or nothing was tried."""
        row = self._model(_RISK)
        return "" if row is None else row[1]

    def save_risk(self, connection: Connection, model: RiskModel | None, why_not: str) -> None:
        """In place of the one before."""
        body = None if model is None else model.to_json()
        upsert(connection, learned_model, [{"name": _RISK, "body": body, "why_not": why_not}])

    def contact_rates(self) -> ContactRates | None:
        """How many contacts are usual; None = not counted yet."""
        row = self._model(_CONTACT_RATES)
        return None if row is None or row[0] is None else noun_from(ContactRates, row[0])

    def save_contact_rates(self, connection: Connection, rates: ContactRates) -> None:
        """In place of the ones before."""
        upsert(connection, learned_model, [{"name": _CONTACT_RATES, "body": asdict(rates), "why_not": ""}])

    def _model(self, name: str) -> tuple[dict[str, Any] | None, str] | None:
        query = select(learned_model.c.body, learned_model.c.why_not).where(learned_model.c.name == name)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else (row.body, row.why_not)


class ContactBurstRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Burst]:
        """Those of the last weeks, in the order in which they were found."""
        query = select(contact_burst).order_by(contact_burst.c.number)
        with self._database.read() as connection:
            return [noun_of(Burst, row) for row in connection.execute(query)]

    def replace(self, connection: Connection, bursts: Iterable[Burst]) -> None:
        """These in place of all that are known."""
        connection.execute(delete(contact_burst))
        upsert(connection, contact_burst, [row_of(one) | {"number": n} for n, one in enumerate(bursts)])
