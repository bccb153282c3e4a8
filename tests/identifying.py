"""SQLite's index of identifiers, compared with the customers that it is about."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from sqlalchemy import Connection, select

from cdpweb.engine import settling
from cdpweb.models import Customer, ExternalId
from cdpweb.models.identifiers import COLUMN_KINDS, FRESH, SETTLED


@contextmanager
def settling_sizes(most_fresh: int, at_once: int, times: int) -> Iterator[None]:
    """From how many on fresh identifiers settle, how many in one transaction, and in how many after each block."""
    with patch.multiple(settling, MOST_FRESH=most_fresh, SLICE=at_once, SLICES=times):
        yield


def assert_in_step(connection: Connection) -> None:
    """Fail unless the index holds what customers have, each once; PostgreSQL has none."""
    if connection.dialect.name != "sqlite":
        return
    indexed = [tuple(row) for table in (SETTLED, FRESH) for row in connection.execute(select(table))]
    assert sorted(indexed) == sorted(_had(connection))


def _had(connection: Connection) -> list[tuple[str, int, int]]:
    customers = connection.execute(select(Customer.id, Customer.email, Customer.phone)).all()
    external = connection.execute(select(ExternalId.value, ExternalId.system_id, ExternalId.customer_id)).all()
    own = [(getattr(one, column), kind, one.id) for one in customers for column, kind in COLUMN_KINDS.items()]
    return [(str(value), kind, customer) for value, kind, customer in [*own, *external] if value is not None]
