"""What of a damaged database can be made anew from the rest of it: rows without their other row, and indices."""

from sqlalchemy import text

from detector.store import Store, tables

REFERENCES = {
    "tick_piece tick": "tick_piece p WHERE NOT EXISTS (SELECT 1 FROM tick t WHERE t.start = p.start"
    " AND t.duration_s = p.duration_s)",
    "owed tick": "owed o WHERE NOT EXISTS (SELECT 1 FROM tick t WHERE t.start = o.start AND t.duration_s = o.duration_s)",
    "listing incident": "listing l WHERE NOT EXISTS (SELECT 1 FROM incident i WHERE i.incident_id = l.incident_id)",
    "impact incident": "impact m WHERE NOT EXISTS (SELECT 1 FROM incident i WHERE i.incident_id = m.incident_id)",
}
"""Table and what it refers to -> its rows that lead nowhere."""


def drop_unreferenced(store: Store) -> None:
    """Rows that lead nowhere go."""
    with store.begin() as connection:
        for query in REFERENCES.values():
            table, alias, rest = query.split(" ", 2)
            connection.execute(text(f"DELETE FROM {table} {rest.replace(f'{alias}.', f'{table}.')}"))


def reindex(store: Store) -> None:
    """The indices made anew from the tables. Raises Transient."""
    with store.begin() as connection:
        for table in tables.metadata.sorted_tables:
            connection.exec_driver_sql(
                f'REINDEX {"" if store.database.engine.dialect.name == "sqlite" else "TABLE "}"{table.name}"'
            )
