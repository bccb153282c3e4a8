"""Customers and what is known of them; who has an identifier, SQLite finds in another way (identifiers.py).

The tables that grow with the customers have no foreign keys: every one costs a look-up per row on import, and the
engine, which alone fills them, writes a customer and what hangs on it in one transaction. See docs/decisions.md.
"""

import datetime as dt

from sqlalchemy import DDL, Boolean, Date, Index, Integer, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from cdpweb.models.base import Base, only_on_postgresql, table_of
from cdpweb.models.types import BigInt, Instant, Key, PlainJson


class Customer(Base):
    """One person. `phone` is E.164 without the plus; `area` the external ID of an area.

    `custom` maps system names of custom fields to canonical text (several values joined by |).
    `consents` maps consent columns (`IsSubscribed…`) to `in` or `out`, a space and the moment of the statement.
    """

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    email: Mapped[str | None] = mapped_column(Key)
    phone: Mapped[int | None] = mapped_column(BigInt)
    last_name: Mapped[str | None] = mapped_column(Key)
    first_name: Mapped[str | None] = mapped_column(Key)
    middle_name: Mapped[str | None] = mapped_column(Text)
    birth_date: Mapped[dt.date | None] = mapped_column(Date)
    sex: Mapped[str | None] = mapped_column(Text)
    area: Mapped[str | None] = mapped_column(Text)
    time_zone: Mapped[str | None] = mapped_column(Text)
    email_confirmed: Mapped[bool | None] = mapped_column(Boolean)
    phone_confirmed: Mapped[bool | None] = mapped_column(Boolean)
    custom: Mapped[dict[str, str] | None] = mapped_column(PlainJson)
    consents: Mapped[dict[str, str] | None] = mapped_column(PlainJson)
    source_endpoint_id: Mapped[int | None] = mapped_column(Integer)
    source_touchpoint_id: Mapped[int | None] = mapped_column(Integer)
    source_template_id: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    created_task_id: Mapped[int | None] = mapped_column(Integer)
    created_record: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        only_on_postgresql(UniqueConstraint("email")),
        only_on_postgresql(UniqueConstraint("phone")),
    )


# Room in every page for the next version of a row, which then needs no new entries in any index.
roomy = DDL("ALTER TABLE customers SET (fillfactor = 80)").execute_if(dialect="postgresql")
event.listen(table_of(Customer), "after_create", roomy)


class ExternalId(Base):
    """An ID of a customer in an external system; at most one per system."""

    __tablename__ = "external_ids"

    customer_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    system_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    value: Mapped[str] = mapped_column(Key)

    __table_args__ = (only_on_postgresql(UniqueConstraint("system_id", "value")), {"sqlite_with_rowid": False})


class SegmentMember(Base):
    """A customer's place in a segment group: at most one segment of it."""

    __tablename__ = "segment_members"

    customer_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    group_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    segment_id: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        Index("ix_segment_members_segment", "segment_id", "customer_id"),
        {"sqlite_with_rowid": False},
    )


class Action(Base):
    """One event of a customer's activity feed.

    Stored in the order of writing, and found by an index: the customers of a block lie far apart.
    """

    __tablename__ = "actions"

    customer_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    template_id: Mapped[int] = mapped_column(Integer)
    touchpoint_id: Mapped[int] = mapped_column(Integer)
    endpoint_id: Mapped[int] = mapped_column(Integer)
    happened_at: Mapped[dt.datetime] = mapped_column(Instant)
    recorded_at: Mapped[dt.datetime] = mapped_column(Instant)
    task_id: Mapped[int | None] = mapped_column(Integer)
    record: Mapped[int | None] = mapped_column(Integer)


class Change(Base):
    """What one row, or one person by hand, changed of a customer who was there.

    `fields` maps column names to [old, new] as canonical text, None for nothing. `task_id` and `record` name the row,
    `author` the person.
    """

    __tablename__ = "changes"

    customer_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(Instant)
    task_id: Mapped[int | None] = mapped_column(Integer)
    record: Mapped[int | None] = mapped_column(Integer)
    author: Mapped[str | None] = mapped_column(Text)
    fields: Mapped[dict[str, list[str | None]]] = mapped_column(PlainJson)


for stamped in (table_of(Customer).c.created_at, table_of(Action).c.recorded_at, table_of(Change).c.at):
    # PostgreSQL fills in what an import leaves out, with the moment of the transaction: to read one that is given
    # takes a microsecond.
    default = DDL(f"ALTER TABLE {stamped.table.name} ALTER {stamped.name} SET DEFAULT current_timestamp(3)")
    event.listen(stamped.table, "after_create", default.execute_if(dialect="postgresql"))


class Counter(Base):
    """The next free number of a kind, reserved a block at a time and never used twice: ids, turns, and so on.

    On SQLite `identifiers` numbers those that imports gave, and `settled` says which of them have settled.
    """

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    next_id: Mapped[int] = mapped_column(BigInt)


STORED_COLUMNS = {
    "Email": "email",
    "MobilePhone": "phone",
    "LastName": "last_name",
    "FirstName": "first_name",
    "MiddleName": "middle_name",
    "BirthDate": "birth_date",
    "Sex": "sex",
    "Area": "area",
    "TimeZone": "time_zone",
    "IsEmailConfirmed": "email_confirmed",
    "IsMobilePhoneConfirmed": "phone_confirmed",
}
"""Which column of `customers` holds a field; all others stand in `custom`, `consents` or tables of their own."""
