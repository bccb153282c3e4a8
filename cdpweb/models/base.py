"""The base of all tables: one place that names constraints, so that migrations can find them."""

from sqlalchemy import MetaData, Table, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.schema import SchemaItem

NAMING_CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What every table inherits from."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


def table_of(model: type[Base]) -> Table:
    """The table of a model, for bulk statements."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def only_on_postgresql(constraint: UniqueConstraint) -> UniqueConstraint:
    """A constraint that SQLite does without."""
    constraint.info["only"] = "postgresql"
    return constraint.ddl_if(dialect="postgresql")


def is_of(dialect: str, item: SchemaItem) -> bool:
    """Whether a database of this kind has what the models declare."""
    return bool(item.info.get("only", dialect) == dialect)
