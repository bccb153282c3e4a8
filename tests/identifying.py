"""SQLite's index of identifiers, compared with the customers that it is about."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from sqlalchemy import Connection, select

from cdpweb.engine import settling
from cdpweb.models import IDENTIFIERS, Customer, ExternalId
from cdpweb.models.identifiers import COLUMN_KINDS


@contextmanager
def settling_sizes(most_fresh: int, at_once: int, times: int) -> Iterator[None]:
    """From how many on fresh identifiers settle, how many in one transaction, and in how many after each block."""
    with patch.multiple(settling, MOST_FRESH=most_fresh, SLICE=at_once, SLICES=times):
        yield


def assert_in_step(connection: Connection) -> None:
    """Fail unless the index holds what customers have, each once; PostgreSQL has none."""
    if connection.dialect.name != "sqlite":
        return
    index = IDENTIFIERS.c
    indexed = connection.execute(select(index.kind, index.value, index.customer_id)).all()
    assert sorted(map(tuple, indexed)) == sorted(_had(connection))


def _had(connection: Connection) -> list[tuple[int, str, int]]:
    customers = connection.execute(select(Customer.id, Customer.email, Customer.phone)).all()
    external = connection.execute(select(ExternalId.system_id, ExternalId.value, ExternalId.customer_id)).all()
    own = [(kind, getattr(one, column), one.id) for one in customers for column, kind in COLUMN_KINDS.items()]
    return [(kind, str(value), customer) for kind, value, customer in [*own, *external] if value is not None]


def fresh(connection: Connection) -> int:
    """How many identifiers have not settled."""
    return len(connection.execute(select(IDENTIFIERS.c.value).where(IDENTIFIERS.c.fresh)).all())
