"""Who has an identifier. On PostgreSQL unique indexes say it, on SQLite a table of their own.

SQLite fetches and writes a page or two per newcomer for every index that has outgrown its cache: with ten million
customers and three indexes that was three quarters of an import. So one table holds the identifiers of all kinds, in
two parts with the same order. What is new goes into the `fresh` part, which stays small; engine/settling.py moves it
to the other one, many at a time in their order. Triggers keep the table in step with the customers, whoever writes.

Within a part the key keeps an identifier from having two owners; between them only that who gives one looks it up
first, with the write lock (docs/decisions.md).
"""

from collections.abc import Collection

from sqlalchemy import Boolean, Column, Connection, Integer, MetaData, Select, Table, event, select

from cdpweb.models.base import NAMING_CONVENTION, Base, table_of
from cdpweb.models.customers import Customer, ExternalId
from cdpweb.models.types import BigInt, Key

COLUMN_KINDS = {"email": -1, "phone": -2}
"""The kinds of the identifiers that are columns of `customers`; others have the id of their external system."""

IDENTIFIERS = Table(
    "identifiers",
    MetaData(naming_convention=NAMING_CONVENTION),
    Column("fresh", Boolean, primary_key=True),
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("value", Key, primary_key=True),
    Column("customer_id", BigInt, nullable=False),
    sqlite_with_rowid=False,
)
"""SQLite's alone, and so not among the tables of `Base`. A phone is the text of its number."""


def owners(dialect: str, kind: int, value: str) -> Select[int]:
    """The query for who has an identifier: the id of one customer, or nothing."""
    if dialect == "sqlite":
        own = IDENTIFIERS.c
        return select(own.customer_id).where(own.fresh.in_([False, True]), own.kind == kind, own.value == value)
    if kind == COLUMN_KINDS["email"]:
        return select(Customer.id).where(Customer.email == value)
    if kind == COLUMN_KINDS["phone"]:
        return select(Customer.id).where(Customer.phone == int(value))
    return select(ExternalId.customer_id).where(ExternalId.system_id == kind, ExternalId.value == value)


# Triggers


def _trigger(name: str, when: str, *then: str) -> str:
    return f"CREATE TRIGGER identifiers_{name} AFTER {when} BEGIN {'; '.join(then)}; END"


def _given(kind: object, value: str, customer: str) -> str:
    return f"INSERT INTO identifiers SELECT 1, {kind}, {value}, {customer} WHERE {value} IS NOT NULL"


def _taken(kind: object, value: str) -> str:
    return f"DELETE FROM identifiers WHERE fresh IN (0, 1) AND kind = {kind} AND value = {value}"


def _of_column(column: str) -> tuple[str, ...]:
    """What keeps one column of `customers` in step."""
    kind, new, old = COLUMN_KINDS[column], f"new.{column}", f"old.{column}"
    given, taken = _given(kind, new, "new.id"), _taken(kind, old)
    return (
        _trigger(f"{column}_insert", f"INSERT ON customers WHEN {new} IS NOT NULL", given),
        _trigger(f"{column}_update", f"UPDATE OF {column} ON customers WHEN {old} IS NOT {new}", taken, given),
        _trigger(f"{column}_delete", "DELETE ON customers", taken),
    )


_GIVEN, _TAKEN = _given("new.system_id", "new.value", "new.customer_id"), _taken("old.system_id", "old.value")
TRIGGERS = (
    *_of_column("email"),
    *_of_column("phone"),
    _trigger("external_insert", "INSERT ON external_ids", _GIVEN),
    _trigger("external_update", "UPDATE ON external_ids", _TAKEN, _GIVEN),
    _trigger("external_delete", "DELETE ON external_ids", _TAKEN),
)


def _create(_: MetaData, connection: Connection, tables: Collection[Table], **__: object) -> None:
    """Create the table and its triggers after those that they watch."""
    if connection.dialect.name == "sqlite" and table_of(Customer) in tables:
        IDENTIFIERS.create(connection)
        for trigger in TRIGGERS:
            connection.exec_driver_sql(trigger)


event.listen(Base.metadata, "after_create", _create)
