"""The few statements that differ between the databases, behind one small interface."""

from collections.abc import Iterator
from typing import Protocol

import polars as pl
from sqlalchemy import Connection, Engine, Table, select

from cdpweb.engine.stores.postgresql import PostgresqlStore
from cdpweb.engine.stores.sqlite import SqliteStore
from cdpweb.engine.stores.writing import Write
from cdpweb.models import Counter
from cdpweb.models.counters import reserve

TURNS = "turns"
"""The counter of those who wrote customers; its row lets them take turns."""


class Reads(Protocol):
    """Bulk look-ups inside a transaction. Frames come and go by column name."""

    def owners(self, column: str, values: pl.Series) -> pl.DataFrame:
        """Who owns the `values` of an identifier column of `customers`: `value`, `customer`."""

    def external_owners(self, system_id: int, values: pl.Series) -> pl.DataFrame:
        """Who owns the IDs `values` of an external system: `value`, `customer`."""

    def known(self, ids: pl.Series, *, not_by_task: int) -> pl.DataFrame:
        """Which of the customer ids exist and were not created by this task: `value`, `customer`."""

    def customers(self, ids: pl.Series, columns: list[str]) -> pl.DataFrame:
        """The stored `columns` of customers, and their `id`; as the database holds them."""

    def external_ids(self, ids: pl.Series) -> pl.DataFrame:
        """All external IDs of customers: `customer`, `system_id`, `value`."""

    def members(self, ids: pl.Series, group_ids: list[int]) -> pl.DataFrame:
        """The segments of customers in some groups: `customer`, `group_id`, `segment_id`."""


class Store(Reads, Protocol):
    """Bulk statements inside the transaction of one block.

    What reads does so at once. What writes gives a `Write`, made in whatever thread, to be called in the connection's.
    """

    def commit_lazily(self) -> None:
        """Let the transaction's commit not wait for the disk: for what is written again where a crash undoes it."""

    def insert(self, table: Table, rows: pl.DataFrame, *, stamped: str | None = None) -> Write:
        """Insert `rows`; the frame's columns are named as the table's. The column `stamped` is given the moment of
        recording, which is one for all that the transaction writes."""

    def add(self, customers: pl.DataFrame, external_ids: pl.DataFrame) -> Iterator[Write]:
        """Insert newcomers, by id, and their external IDs, each in the order that the database likes best."""

    def insert_missing(self, table: Table, rows: pl.DataFrame) -> Write:
        """Insert those of the `rows` whose primary key is not there yet."""

    def update(self, table: Table, rows: pl.DataFrame, key: tuple[str, ...]) -> Write:
        """Set every column of `rows` that is not part of `key` in the rows that have the key."""

    def delete(self, table: Table, rows: pl.DataFrame) -> Write:
        """Delete the rows whose columns equal those of the frame."""

    def upsert(self, table: Table, rows: pl.DataFrame, key: tuple[str, ...]) -> Write:
        """Insert `rows`, or where the key is there already set the other columns."""


def store_for(connection: Connection) -> Store:
    """The store of the connection's database."""
    return PostgresqlStore(connection) if connection.dialect.name == "postgresql" else SqliteStore(connection)


def reader(engine: Engine) -> Connection:
    """A connection whose transactions see the database as it was when they first looked, whoever writes meanwhile."""
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ")
    with connection.begin():
        # What it has read is stale at every commit of a block: more than this is of no use.
        connection.exec_driver_sql("PRAGMA cache_size = -32000")
    return connection


def take_turn(connection: Connection) -> int:
    """Wait until nobody else writes customers, and keep it so until the transaction ends; the number of our turn.

    What was read before is old, unless `turns_taken` said then that only this turn was to come.
    """
    return reserve(connection, TURNS)


def turns_taken(connection: Connection) -> int:
    """The number of the last turn whose writes this transaction sees."""
    next_turn: int = connection.execute(select(Counter.next_id).where(Counter.name == TURNS)).scalar_one()
    return next_turn - 1
