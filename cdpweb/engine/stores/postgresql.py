"""Bulk statements for PostgreSQL, on the driver's connection inside SQLAlchemy's transaction."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import polars as pl
from sqlalchemy import Connection, Table

from cdpweb.engine.stores.fetching import Schema, fetched
from cdpweb.engine.stores.writing import Write
from cdpweb.models import Customer, ExternalId
from cdpweb.models.base import table_of

PLANNER = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit")
"""Ways of joining whole tables, which the planner would choose by its statistics, for every block; and the compiler,
which takes a plan without them for a costly one and works longer on it than the plan takes."""


class PostgresqlStore:
    """See `Store`. Rows go in by COPY; keys travel as one array; changes go through a temporary table."""

    def __init__(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        self._driver = driver
        # Behind the blocks of many imports a block may wait longer than a person would.
        settings = {"lock_timeout": "0"} | dict.fromkeys(PLANNER, "off")
        self._driver.execute("; ".join(f"set local {name} = {value}" for name, value in settings.items()))

    def commit_lazily(self) -> None:
        """Let the commit not wait for the disk; the next one that does takes this one along."""
        self._driver.execute("set local synchronous_commit = off")

    def owners(self, column: str, values: pl.Series) -> pl.DataFrame:
        """Who owns the values of an identifier column."""
        return self._owners(f"select {column}, id from customers where {column} = any(%s)", values)

    def external_owners(self, system_id: int, values: pl.Series) -> pl.DataFrame:
        """Who owns the IDs of an external system."""
        sql = f"select value, customer_id from external_ids where system_id = {system_id:d} and value = any(%s)"
        return self._owners(sql, values)

    def known(self, ids: pl.Series, *, not_by_task: int) -> pl.DataFrame:
        """Which customer ids exist and were not created by this task."""
        sql = f"select id, id from customers where id = any(%s) and created_task_id is distinct from {not_by_task:d}"
        return self._owners(sql, ids)

    def _owners(self, sql: str, values: pl.Series) -> pl.DataFrame:
        keys = values.drop_nulls().unique().sort()
        return self._select(sql, keys, {"value": values.dtype, "customer": pl.Int64()})

    def customers(self, ids: pl.Series, columns: list[str]) -> pl.DataFrame:
        """The stored columns of customers."""
        listed = "".join(f", {column}{'::text' if column in _JSON else ''}" for column in columns)
        schema = {"id": pl.Int64()} | {column: _DTYPES.get(column, pl.String()) for column in columns}
        return self._select(f"select id{listed} from customers where id = any(%s)", ids, schema)

    def external_ids(self, ids: pl.Series) -> pl.DataFrame:
        """All external IDs of customers."""
        sql = "select customer_id, system_id, value from external_ids where customer_id = any(%s)"
        return self._select(sql, ids, {"customer": pl.Int64(), "system_id": pl.Int64(), "value": pl.String()})

    def members(self, ids: pl.Series, group_ids: list[int]) -> pl.DataFrame:
        """The segments of customers in some groups."""
        groups = ", ".join(f"{group_id:d}" for group_id in group_ids)
        sql = f"""
            select customer_id, group_id, segment_id from segment_members
            where customer_id = any(%s) and group_id in ({groups})
        """
        return self._select(sql, ids, {"customer": pl.Int64(), "group_id": pl.Int64(), "segment_id": pl.Int64()})

    def _select(self, sql: str, keys: pl.Series, schema: Schema) -> pl.DataFrame:
        if keys.is_empty():
            return pl.DataFrame(schema=schema)
        return fetched(self._driver.execute(sql, (_array(keys),), binary=True), schema)

    def insert(self, table: Table, rows: pl.DataFrame, *, stamped: str | None = None) -> Write:
        """Insert rows. The `stamped` column is left to its default: the moment at which the transaction began."""
        return self._copy(table.name, rows)

    def add(self, customers: pl.DataFrame, external_ids: pl.DataFrame) -> Iterator[Write]:
        """Insert newcomers, and their external IDs in the order of the unique index, which is the dearer one."""
        yield self.insert(table_of(Customer), customers, stamped="created_at")
        if external_ids.height:
            yield self.insert(table_of(ExternalId), external_ids.sort("system_id", "value"))

    def insert_missing(self, table: Table, rows: pl.DataFrame) -> Write:
        """Insert rows whose key is not there."""
        columns = _listed(rows.columns)
        sql = f"insert into {table.name} ({columns}) select {columns} from given on conflict do nothing"
        return self._with_given(table, rows, sql)

    def update(self, table: Table, rows: pl.DataFrame, key: tuple[str, ...]) -> Write:
        """Set every other column in the rows that have the key."""
        sets = ", ".join(f'"{column}" = given."{column}"' for column in rows.columns if column not in key)
        return self._with_given(table, rows, f"update {table.name} set {sets} from given where {_equal(table, key)}")

    def delete(self, table: Table, rows: pl.DataFrame) -> Write:
        """Delete the rows whose columns equal those of the frame."""
        return self._with_given(
            table, rows, f"delete from {table.name} using given where {_equal(table, rows.columns)}"
        )

    def upsert(self, table: Table, rows: pl.DataFrame, key: tuple[str, ...]) -> Write:
        """Insert, or set the other columns where the key is there already."""
        columns, keys = _listed(rows.columns), _listed(key)
        sets = ", ".join(f'"{column}" = excluded."{column}"' for column in rows.columns if column not in key)
        sql = f"insert into {table.name} ({columns}) select {columns} from given on conflict ({keys}) do update set"
        return self._with_given(table, rows, f"{sql} {sets}")

    def _with_given(self, table: Table, rows: pl.DataFrame, sql: str) -> Write:
        give = self._copy("given", rows)
        columns, like = _listed(rows.columns), table.name

        def write() -> None:
            self._driver.execute(f"create temp table given on commit drop as select {columns} from {like} limit 0")
            give()
            self._driver.execute(sql)
            self._driver.execute("drop table given")

        return write

    def _copy(self, target: str, rows: pl.DataFrame) -> Write:
        sql, text = f"copy {target} ({_listed(rows.columns)}) from stdin (format csv)", _csv(rows)

        def write() -> None:
            with self._driver.cursor().copy(sql) as copy:
                copy.write(text)

        return write


def _csv(rows: pl.DataFrame) -> bytes:
    moments = [_moments(column) for column in rows.get_columns() if isinstance(column.dtype, pl.Datetime)]
    text = BytesIO()
    rows.with_columns(moments).write_csv(text, include_header=False)
    return text.getvalue()


def _moments(column: pl.Series) -> pl.Series:
    """As text: each of them but once, for few differ."""
    distinct = column.drop_nulls().unique()
    texts = distinct.dt.strftime("%Y-%m-%dT%H:%M:%S%.3f+00")
    return column.replace_strict(distinct, texts, default=None, return_dtype=pl.String)


_JSON = ("custom", "consents")
_DTYPES: dict[str, pl.DataType] = {
    "phone": pl.Int64(),
    "birth_date": pl.Date(),
    "email_confirmed": pl.Boolean(),
    "phone_confirmed": pl.Boolean(),
}


def _array(keys: pl.Series) -> str:
    """The keys as PostgreSQL writes an array: half the time that the driver needs for a list."""
    if keys.is_empty():
        return "{}"
    if keys.dtype != pl.String:
        return f"{{{keys.cast(pl.String).str.join(',').item()}}}"
    special, between = r'["\\]', '","'
    texts = keys.str.replace_all(f"({special})", r"\$1") if keys.str.contains(special).any() else keys
    return f'{{"{texts.str.join(between).item()}"}}'


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _equal(table: Table, columns: Sequence[str]) -> str:
    return " and ".join(f'{table.name}."{column}" = given."{column}"' for column in columns)
