"""Ids that nobody had or will have, for what people write by hand."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from cdpweb.models import Counter


def next_id(session: Session, name: str) -> int:
    """The next id of a kind: `actions` or `changes`."""
    taken = update(Counter).where(Counter.name == name).values(next_id=Counter.next_id + 1)
    after: int = session.execute(taken.returning(Counter.next_id)).scalar_one()
    return after - 1
