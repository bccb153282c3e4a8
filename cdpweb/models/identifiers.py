"""Who has an identifier. On PostgreSQL unique indexes say it, on SQLite two tables of their own.

SQLite fetches and writes a page or two per newcomer for every index that has outgrown its cache: with ten million
customers and three indexes that was three quarters of an import. So one table holds the identifiers of all kinds,
and a second one those that are fresh, and stays small; engine/settling.py moves them on, many at a time in their order.
Triggers keep both in step with the customers, whoever writes. Only while the engine adds a block of newcomers are
those of inserts away: it enters all of them in the order of the key, which takes half as long (engine/stores).

The keys keep an identifier from having two owners in a table; between the two only that who gives one looks it up
first, with the write lock (docs/decisions.md).
"""

from collections.abc import Collection
from importlib import import_module

from sqlalchemy import Column, Connection, Executable, Integer, MetaData, Table, event, select, union_all

from cdpweb.models.base import NAMING_CONVENTION, Base, table_of
from cdpweb.models.customers import Customer, ExternalId
from cdpweb.models.types import BigInt, Key

COLUMN_KINDS = {"email": -1, "phone": -2}
"""The kinds of the identifiers that are columns of `customers`; others have the id of their external system."""

METADATA = MetaData(naming_convention=NAMING_CONVENTION)
"""The tables that SQLite alone has."""

SETTLED, FRESH = (
    Table(
        name,
        METADATA,
        Column("value", Key, primary_key=True),
        Column("kind", Integer, primary_key=True, autoincrement=False),
        Column("customer_id", BigInt, nullable=False),
        sqlite_with_rowid=False,
    )
    for name in ("identifiers", "fresh_identifiers")
)
"""Each identifier is in one of them. A phone is the text of its number. The value comes first for SQLite compares keys
that begin with text in a shorter way."""


def declared(dialect: str) -> list[MetaData]:
    """All that a database has of ours, the tables of people too, which are imported only where they are needed."""
    import_module("cdpweb.models.accounts")
    return [Base.metadata, METADATA] if dialect == "sqlite" else [Base.metadata]


def owners(dialect: str, kind: int, value: str) -> Executable:
    """The query for who has an identifier: the id of one customer, or nothing."""
    if dialect == "sqlite":
        both = (select(t.c.customer_id).where(t.c.value == value, t.c.kind == kind) for t in (SETTLED, FRESH))
        return union_all(*both)
    if kind == COLUMN_KINDS["email"]:
        return select(Customer.id).where(Customer.email == value)
    if kind == COLUMN_KINDS["phone"]:
        return select(Customer.id).where(Customer.phone == int(value))
    return select(ExternalId.customer_id).where(ExternalId.system_id == kind, ExternalId.value == value)


# Triggers


def _trigger(name: str, when: str, *then: str) -> str:
    return f"CREATE TRIGGER identifiers_{name} AFTER {when} BEGIN {'; '.join(then)}; END"


def _given(kind: object, value: str, customer: str) -> str:
    return f"INSERT INTO fresh_identifiers SELECT {value}, {kind}, {customer} WHERE {value} IS NOT NULL"


def _taken(kind: object, value: str) -> str:
    return "; ".join(f"DELETE FROM {table} WHERE value = {value} AND kind = {kind}" for table in (SETTLED, FRESH))


def _of_column(column: str) -> tuple[str, str, str]:
    """What keeps one column of `customers` in step."""
    kind, new, old = COLUMN_KINDS[column], f"new.{column}", f"old.{column}"
    given, taken = _given(kind, new, "new.id"), _taken(kind, old)
    return (
        _trigger(f"{column}_insert", f"INSERT ON customers WHEN {new} IS NOT NULL", given),
        _trigger(f"{column}_update", f"UPDATE OF {column} ON customers WHEN {old} IS NOT {new}", taken, given),
        _trigger(f"{column}_delete", "DELETE ON customers", taken),
    )


_GIVEN, _TAKEN = _given("new.system_id", "new.value", "new.customer_id"), _taken("old.system_id", "old.value")
_OF_EXTERNAL_IDS = (
    _trigger("external_insert", "INSERT ON external_ids", _GIVEN),
    _trigger("external_update", "UPDATE ON external_ids", _TAKEN, _GIVEN),
    _trigger("external_delete", "DELETE ON external_ids", _TAKEN),
)
TRIGGERS = (*_of_column("email"), *_of_column("phone"), *_OF_EXTERNAL_IDS)
ENTERING = tuple(trigger for trigger in TRIGGERS if " AFTER INSERT ON " in trigger)
"""Those that enter what is inserted."""


def name_of(trigger: str) -> str:
    """The name of a trigger, from the statement that creates it."""
    return trigger.split()[2]


def _create(_: MetaData, connection: Connection, tables: Collection[Table], **__: object) -> None:
    """Create SQLite's tables and triggers after the tables that they watch."""
    if connection.dialect.name == "sqlite" and table_of(Customer) in tables:
        METADATA.create_all(connection)
        for trigger in TRIGGERS:
            connection.exec_driver_sql(trigger)


event.listen(Base.metadata, "after_create", _create)
