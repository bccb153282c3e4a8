"""Who may be called so, by the postings of names."""

from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cdpweb.models import Posting
from cdpweb.models.postings import Posted
from cdpweb.services.customers.postings import FETCHED, buckets, buckets_of, numbers_of

_AFTER_ALL = "\U0010ffff"


class Name(NamedTuple):
    """A last name or a first name."""

    kind: Posted
    text: str


def begins(column: ColumnElement[str] | InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """The condition that a column begins with a text, in a form that an index knows."""
    return and_(column >= text, column < text + _AFTER_ALL)


def ids_beginning(session: Session, kind: Posted, text: str) -> Iterator[int]:
    """Customers whose name may begin with `text`, in no order; some may come twice."""
    among = Posting.bucket.in_(buckets(session, kind))
    found = select(Posting.numbers).where(Posting.kind == kind, among, begins(Posting.value, text))
    with closing(session.scalars(found.execution_options(yield_per=FETCHED))) as postings:
        for numbers in postings:
            yield from numbers_of(numbers)


def names_beginning(session: Session, kind: Posted, text: str) -> Iterator[Name]:
    """The different names that begin with `text`, found by skipping from one to the next along each bucket."""
    each = buckets_of(kind)
    own = select(func.min(Posting.value)).where(Posting.kind == kind, Posting.bucket == each.c.bucket)
    own = own.where(Posting.value < text + _AFTER_ALL)
    beyond = Posting.value >= text
    while name := session.scalar(select(func.min(own.where(beyond).scalar_subquery())).select_from(each)):
        yield Name(kind, name)
        beyond = Posting.value > name
