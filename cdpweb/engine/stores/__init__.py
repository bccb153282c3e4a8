"""The few statements that differ between the databases, behind one small interface."""

from typing import Protocol

import polars as pl
from sqlalchemy import Connection, Table, func, select

from cdpweb.engine.stores.postgresql import TURN, PostgresqlStore
from cdpweb.engine.stores.sqlite import SqliteStore


class Store(Protocol):
    """Bulk statements inside the transaction of one block. Frames come and go by column name."""

    def commit_lazily(self) -> None:
        """Let the transaction's commit not wait for the disk: for what is written again where a crash undoes it."""

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

    def insert(self, table: Table, rows: pl.DataFrame) -> None:
        """Insert `rows`; the frame's columns are named as the table's."""

    def update(self, table: Table, rows: pl.DataFrame, key: tuple[str, ...]) -> None:
        """Set every column of `rows` that is not part of `key` in the rows that have the key."""

    def delete(self, table: Table, rows: pl.DataFrame) -> None:
        """Delete the rows whose columns equal those of the frame."""

    def upsert(self, table: Table, rows: pl.DataFrame, key: tuple[str, ...]) -> None:
        """Insert `rows`, or where the key is there already set the other columns."""


def store_for(connection: Connection) -> Store:
    """The store of the connection's database."""
    return PostgresqlStore(connection) if connection.dialect.name == "postgresql" else SqliteStore(connection)


def take_turn(connection: Connection) -> None:
    """Wait until nobody else writes customers, and keep it so until the transaction ends.

    On SQLite whoever writes has taken the write lock already. What was read before is old.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(TURN)))
