"""What a new database holds (product §1)."""

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from cdpweb.domain.junk import SHIPPED_JUNK
from cdpweb.models.base import Base
from cdpweb.models.catalog import ActionTemplate, ApiEndpoint, Project, Touchpoint
from cdpweb.models.customers import Counter

TOUCHPOINT = "cdpweb"
API_ENDPOINT = "cdpweb"
CREATION_TEMPLATE = "CustomerCreation"
EDIT_TEMPLATE = "CustomerEdit"
PROJECT_ID = 1
COUNTERS = ("customers", "actions", "changes", "turns", "identifiers", "settled")

Row = TypeVar("Row", bound=Base)


def ship(session: Session) -> None:
    """Add what a database lacks of the shipped rows; what is there stays as it is."""
    touchpoint = _add(session, Touchpoint(external_id=TOUCHPOINT, name="cdpweb touchpoint"), "external_id")
    _add(session, ApiEndpoint(system_name=API_ENDPOINT, name="cdpweb", touchpoint=touchpoint), "system_name")
    _add(session, ActionTemplate(system_name=CREATION_TEMPLATE, name="Customer creation"), "system_name")
    _add(session, ActionTemplate(system_name=EDIT_TEMPLATE, name="Edit customer"), "system_name")
    _add(session, Project(id=PROJECT_ID, time_zone="UTC", junk=list(SHIPPED_JUNK)), "id")
    for name in COUNTERS:
        _add(session, Counter(name=name, next_id=1), "name")
    session.flush()


def _add(session: Session, row: Row, key: str) -> Row:
    """The row with the same key that is there already, else `row`, now added."""
    kind = type(row)
    with session.no_autoflush:
        there = session.scalar(select(kind).where(getattr(kind, key) == getattr(row, key)))
    if there is None:
        session.add(row)
    return there or row
