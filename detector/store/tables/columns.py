"""How the columns of the tables are written, and the metadata to which all tables belong."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Float, Integer, MetaData, String

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})


def text(name: str, *, primary_key: bool = False) -> Column[str]:
    """Text; empty where nothing is known."""
    return Column(name, String, nullable=False, default="", primary_key=primary_key)


def instant(name: str, *, primary_key: bool = False) -> Column[int]:
    """Seconds since the epoch."""
    return Column(name, BigInteger, nullable=False, primary_key=primary_key, autoincrement=False)


def maybe_instant(name: str) -> Column[int]:
    """Seconds since the epoch; NULL = none."""
    return Column(name, BigInteger, nullable=True)


def number(name: str) -> Column[float]:
    """A figure; NULL = not known."""
    return Column(name, Float, nullable=True)


def real(name: str) -> Column[float]:
    """A figure; zero for rows from before the column."""
    return Column(name, Float, nullable=False, server_default="0")


def word(name: str) -> Column[str]:
    """Text; empty for rows from before the column."""
    return Column(name, String, nullable=False, server_default="")


def json_list(name: str) -> Column[Any]:
    """A JSON list; empty for rows from before the column."""
    return Column(name, JSON, nullable=False, server_default="[]")


def count(name: str) -> Column[int]:
    """A number of things; zero for rows from before the column."""
    return Column(name, Integer, nullable=False, server_default="0")
