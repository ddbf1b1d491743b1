"""Stores that live as long as a measurement."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from detector.kpis import Catalogue
from detector.store import Store
from detector.store.database import Database

VAULT_KEY = b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def store_at(root: Path, catalogue: Catalogue) -> Store:
    """A fresh one in this folder; its database is the caller's to close."""
    root.mkdir(parents=True, exist_ok=True)
    database = Database(f"sqlite:///{root}/bench.db")
    database.create()
    return Store(root, database, catalogue.computed, VAULT_KEY)


@contextmanager
def passing_store(catalogue: Catalogue) -> Iterator[Store]:
    """Gone at the end of the block."""
    with TemporaryDirectory() as folder:
        store = store_at(Path(folder), catalogue)
        yield store
        store.database.close()
