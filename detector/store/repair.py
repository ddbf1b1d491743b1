"""What of a damaged database can be made anew from the rest of it: rows without their other row, and indices."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete, exists

from detector.store import Store, tables


@dataclass(frozen=True)
class Reference:
    """Rows of `table` each need a row of `to` with the same values in these `columns`."""

    table: Table
    to: Table
    columns: tuple[str, ...]

    @property
    def broken(self) -> ColumnElement[bool]:
        """True of the rows of `table` that lead nowhere."""
        return ~exists().where(*[self.to.c[name] == self.table.c[name] for name in self.columns]).correlate(self.table)


_TICK = ("start", "duration_s")
REFERENCES = (
    Reference(tables.tick_source_file, tables.tick, _TICK),
    Reference(tables.pending_step, tables.tick, _TICK),
    Reference(tables.listing, tables.incident, ("incident_id",)),
    Reference(tables.impact, tables.incident, ("incident_id",)),
)


def drop_unreferenced(store: Store) -> None:
    """Rows that lead nowhere go."""
    with store.begin() as connection:
        for one in REFERENCES:
            connection.execute(delete(one.table).where(one.broken))


def reindex(store: Store) -> None:
    """The indices made anew from the tables. Raises Transient."""
    with store.begin() as connection:
        for table in tables.metadata.sorted_tables:
            connection.exec_driver_sql(
                f'REINDEX {"" if store.database.engine.dialect.name == "sqlite" else "TABLE "}"{table.name}"'
            )
