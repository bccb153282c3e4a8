"""Column types that differ between the databases. PostgreSQL's are imported only where it is the database."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

BigInt = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit whole number; on SQLite the spelling that makes a primary key the row id."""

PlainJson = JSON(none_as_null=True)
"""A JSON document kept as the text that it is: for tables that grow, where taking it apart on the way in costs too
much. Python's None is NULL."""

Key = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is looked up, compared byte by byte: the "C" collation makes its indexes a third faster."""


class Json(TypeDecorator[Any]):
    """A JSON document, on PostgreSQL of the type that has it taken apart; Python's None is NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of this database."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import JSONB

            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(JSON(none_as_null=True))


class Instant(TypeDecorator[dt.datetime]):
    """A moment in UTC, to the millisecond: aware datetimes in Python.

    SQLite stores whole milliseconds since 1970, a third of the size of its text form; PostgreSQL its own type.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of this database."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import TIMESTAMP

            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(Integer())

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        """What is sent to the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value if dialect.name == "postgresql" else milliseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        """What the database answered, aware and in UTC."""
        if value is None:
            return None
        return value.astimezone(dt.UTC) if dialect.name == "postgresql" else from_milliseconds(value)


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def milliseconds(moment: dt.datetime) -> int:
    """Whole milliseconds from 1970 to an aware moment."""
    return (moment - _EPOCH) // dt.timedelta(milliseconds=1)


def from_milliseconds(count: int) -> dt.datetime:
    """The moment `count` milliseconds after 1970, in UTC."""
    return _EPOCH + dt.timedelta(milliseconds=count)


def now() -> dt.datetime:
    """This moment in UTC, cut to the millisecond that the database keeps."""
    moment = dt.datetime.now(dt.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
