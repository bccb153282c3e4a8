"""Bulk statements for SQLite, on the driver's connection inside SQLAlchemy's transaction."""

from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl
from sqlalchemy import Connection, Table

from cdpweb.engine.stores.fetching import SLICE_ROWS, Schema, fetched
from cdpweb.engine.stores.writing import Write
from cdpweb.models import Customer, ExternalId
from cdpweb.models.base import table_of
from cdpweb.models.identifiers import COLUMN_KINDS, ENTERING, FRESH, SETTLED, name_of
from cdpweb.models.types import now

STATEMENT_VALUES = 400
"""About how many values one INSERT carries: each statement costs, and longer ones gain nothing."""


class SqliteStore:
    """See `Store`. Look-ups pass their keys as one JSON array; CROSS JOIN makes SQLite walk the keys, not the table."""

    def __init__(self, connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        self._driver: Any = driver
        self._now = pl.lit(now().replace(tzinfo=None), pl.Datetime("us"))

    def commit_lazily(self) -> None:
        """SQLite with a write-ahead log always does so."""

    def owners(self, column: str, values: pl.Series) -> pl.DataFrame:
        """Who owns the values of an identifier column."""
        return self._identified(COLUMN_KINDS[column], values)

    def external_owners(self, system_id: int, values: pl.Series) -> pl.DataFrame:
        """Who owns the IDs of an external system."""
        return self._identified(system_id, values)

    def _identified(self, kind: int, values: pl.Series) -> pl.DataFrame:
        sql = " union all ".join(
            f"select i.value, i.customer_id from json_each(?1, '$.k') j cross join {table} i "
            f"on i.value = j.value and i.kind = {kind:d}"
            for table in (SETTLED, FRESH)
        )
        return self._owners(sql, values.cast(pl.String)).cast({"value": values.dtype})

    def known(self, ids: pl.Series, *, not_by_task: int) -> pl.DataFrame:
        """Which customer ids exist and were not created by this task."""
        sql = (
            "select c.id, c.id from json_each(?, '$.k') j cross join customers c "
            f"on c.id = j.value and c.created_task_id is not {not_by_task:d}"
        )
        return self._owners(sql, ids)

    def _owners(self, sql: str, values: pl.Series) -> pl.DataFrame:
        keys = values.drop_nulls().unique().sort()
        return self._select(sql, keys, {"value": values.dtype, "customer": pl.Int64()})

    def customers(self, ids: pl.Series, columns: list[str]) -> pl.DataFrame:
        """The stored columns of customers."""
        listed = "".join(f", c.{column}" for column in columns)
        sql = f"select c.id{listed} from json_each(?, '$.k') j cross join customers c on c.id = j.value"
        schema = {"id": pl.Int64()} | {column: _DTYPES.get(column, pl.String()) for column in columns}
        frame = self._select(sql, ids, {name: _RAW.get(dtype, dtype) for name, dtype in schema.items()})
        return frame.cast({name: dtype for name, dtype in schema.items() if dtype == pl.Boolean}).with_columns(
            pl.col(name).str.to_date("%Y-%m-%d") for name, dtype in schema.items() if dtype == pl.Date
        )

    def external_ids(self, ids: pl.Series) -> pl.DataFrame:
        """All external IDs of customers."""
        sql = (
            "select e.customer_id, e.system_id, e.value "
            "from json_each(?, '$.k') j cross join external_ids e on e.customer_id = j.value"
        )
        return self._select(sql, ids, {"customer": pl.Int64(), "system_id": pl.Int64(), "value": pl.String()})

    def members(self, ids: pl.Series, group_ids: list[int]) -> pl.DataFrame:
        """The segments of customers in some groups."""
        groups = ", ".join(f"{group_id:d}" for group_id in group_ids)
        sql = (
            "select m.customer_id, m.group_id, m.segment_id from json_each(?, '$.k') j cross join segment_members m "
            f"on m.customer_id = j.value and m.group_id in ({groups})"
        )
        return self._select(sql, ids, {"customer": pl.Int64(), "group_id": pl.Int64(), "segment_id": pl.Int64()})

    def _select(self, sql: str, keys: pl.Series, schema: Schema) -> pl.DataFrame:
        return fetched(self._driver.execute(sql, (_json(keys),)), schema)

    def insert(self, table: Table, rows: pl.DataFrame, *, stamped: str | None = None) -> Write:
        """Insert rows."""
        return self._insert(table, rows.with_columns(self._now.alias(stamped)) if stamped else rows)

    def add(self, customers: pl.DataFrame, external_ids: pl.DataFrame) -> Iterator[Write]:
        """Insert newcomers and their external IDs, and enter who has which identifier, in the order of the key.

        The triggers would do so one by one in the order of the file. They are away until the last write, or until the
        transaction is rolled back, and nobody else writes meanwhile.
        """
        dropping = self._each(f"drop trigger {name_of(trigger)}" for trigger in ENTERING)
        yield _both(dropping, self.insert(table_of(ExternalId), external_ids.sort("customer_id", "system_id")))
        yield self.insert(table_of(Customer), customers, stamped="created_at")
        yield _both(self._insert(FRESH, _identifiers(customers, external_ids)), self._each(ENTERING))

    def insert_missing(self, table: Table, rows: pl.DataFrame) -> Write:
        """Insert rows whose key is not there."""
        return self._insert(table, rows, " on conflict do nothing")

    def update(self, table: Table, rows: pl.DataFrame, key: tuple[str, ...]) -> Write:
        """Set every other column in the rows that have the key."""
        values = [column for column in rows.columns if column not in key]
        sets = ", ".join(f'"{column}" = ?' for column in values)
        return self._many(f"update {table.name} set {sets} where {_equal(key)}", rows.select(*values, *key))

    def delete(self, table: Table, rows: pl.DataFrame) -> Write:
        """Delete the rows whose columns equal those of the frame."""
        return self._many(f"delete from {table.name} where {_equal(tuple(rows.columns))}", rows)

    def upsert(self, table: Table, rows: pl.DataFrame, key: tuple[str, ...]) -> Write:
        """Insert, or set the other columns where the key is there already."""
        sets = ", ".join(f'"{column}" = excluded."{column}"' for column in rows.columns if column not in key)
        keys = ", ".join(f'"{column}"' for column in key)
        return self._insert(table, rows, f" on conflict ({keys}) do update set {sets}")

    def _each(self, statements: Iterable[str]) -> Write:
        def write() -> None:
            for statement in statements:
                self._driver.execute(statement)

        return write

    def _many(self, sql: str, rows: pl.DataFrame) -> Write:
        stored = _stored(rows)

        def write() -> None:
            for part in stored.iter_slices(SLICE_ROWS):
                self._driver.executemany(sql, part.rows())

        return write

    def _insert(self, table: Table, rows: pl.DataFrame, conflict: str = "") -> Write:
        """Insert rows, many by one statement.

        A row that breaks a constraint ends the whole block anyway: FAIL spares SQLite the means to undo half a
        statement.
        """
        together = max(1, STATEMENT_VALUES // rows.width)
        size = together * rows.width
        columns, stored = rows.columns, _stored(rows)

        def write() -> None:
            for part in stored.iter_slices(SLICE_ROWS):
                values = _row_by_row(part)
                whole = len(values) // size * size
                self._driver.executemany(
                    _insert(table, columns, together) + conflict,
                    (values[start : start + size] for start in range(0, whole, size)),
                )
                if left := (len(values) - whole) // part.width:
                    self._driver.execute(_insert(table, columns, left) + conflict, values[whole:])

        return write


_DTYPES: dict[str, pl.DataType] = {
    "phone": pl.Int64(),
    "birth_date": pl.Date(),
    "email_confirmed": pl.Boolean(),
    "phone_confirmed": pl.Boolean(),
}
_RAW: dict[pl.DataType, pl.DataType] = {pl.Date(): pl.String(), pl.Boolean(): pl.Int64()}
"""How the driver hands over the types that SQLite lacks."""


def _json(keys: pl.Series) -> str:
    """`{"k": [...]}`: polars writes it faster than Python, and leaves the interpreter free meanwhile."""
    text: str = pl.select(pl.struct(keys.implode().alias("k")).struct.json_encode()).item()
    return text


def _both(first: Write, second: Write) -> Write:
    """Two writes as one: what is next is gathered meanwhile, and takes longer than the shorter of them."""

    def write() -> None:
        first()
        second()

    return write


def _identifiers(customers: pl.DataFrame, external_ids: pl.DataFrame) -> pl.DataFrame:
    """All that newcomers are known by, in the order of the key."""
    of_columns = [
        customers.select(value=pl.col(column).cast(pl.String), kind=pl.lit(kind, pl.Int64), customer_id="id")
        for column, kind in COLUMN_KINDS.items()
        if column in customers.columns
    ]
    of_systems = external_ids.select("value", "customer_id", kind="system_id")
    every = pl.concat([of_systems, *of_columns], how="diagonal")
    return every.drop_nulls("value").sort("value", "kind")


def _insert(table: Table, columns: list[str], count: int) -> str:
    listed = ", ".join(f'"{column}"' for column in columns)
    row = f"({', '.join('?' * len(columns))})"
    return f"insert or fail into {table.name} ({listed}) values {', '.join([row] * count)}"


def _row_by_row(rows: pl.DataFrame) -> list[Any]:
    """All values of the rows in one list."""
    values: list[Any] = [None] * (rows.height * rows.width)
    for place, column in enumerate(rows.get_columns()):
        values[place :: rows.width] = column.to_list()
    return values


def _equal(columns: tuple[str, ...]) -> str:
    return " and ".join(f'"{column}" = ?' for column in columns)


def _stored(rows: pl.DataFrame) -> pl.DataFrame:
    """The frame as SQLite stores it: dates as ISO text, moments as milliseconds, truth as 0 and 1."""
    return rows.with_columns(
        pl.col(pl.Date).dt.strftime("%Y-%m-%d"),
        pl.col(pl.Datetime).dt.epoch("ms"),
        pl.col(pl.Boolean).cast(pl.Int64),
    )
