"""The inverted index of names: who may be called so."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cdpweb.domain.fields import FIRST_NAME, LAST_NAME
from cdpweb.models import Change, Customer, NamePosting
from cdpweb.models.customers import BUCKET_BITS, NAME_COLUMNS

_AFTER_ALL = "\U0010ffff"
FETCHED = 100
"""Postings that are read in one go."""


class Name(NamedTuple):
    """A name, and in which of NAME_COLUMNS it stands."""

    part: int
    text: str


def begins(column: ColumnElement[str] | InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """The condition that a column begins with a text, in a form that an index knows."""
    return and_(column >= text, column < text + _AFTER_ALL)


def ids_beginning(session: Session, part: int, text: str) -> Iterator[int]:
    """Customers whose name may begin with `text`, in no order; some may come twice."""
    found = select(NamePosting.ids).where(NamePosting.part == part, begins(NamePosting.name, text))
    with closing(session.scalars(found.execution_options(yield_per=FETCHED))) as postings:
        for ids in postings:
            yield from map(int, ids.split(","))


def names_beginning(session: Session, part: int, text: str) -> Iterator[Name]:
    """The different names that begin with `text`, found by skipping from one to the next along the index."""
    beyond = NamePosting.name >= text
    while name := session.scalar(
        select(NamePosting.name)
        .where(NamePosting.part == part, beyond, NamePosting.name < text + _AFTER_ALL)
        .order_by(NamePosting.name)
        .limit(1)
    ):
        yield Name(part, name)
        beyond = NamePosting.name > name


def stretch(session: Session, name: Name, at: int | None, size: int, *, backwards: bool) -> list[int]:
    """At least the next `size` customers behind the id `at` who may be called so, as far as there are so many.

    The highest come first, `backwards` the lowest.
    """
    bucket = NamePosting.bucket
    conditions = [NamePosting.part == name.part, NamePosting.name == name.text]
    if at is not None:
        conditions.append(bucket >= at >> BUCKET_BITS if backwards else bucket <= at >> BUCKET_BITS)
    order = bucket if backwards else bucket.desc()
    found: set[int] = set()
    last: int | None = None
    statement = select(bucket, NamePosting.ids).where(*conditions).order_by(order)
    with closing(session.execute(statement.execution_options(yield_per=FETCHED))) as postings:
        for here, ids in postings:
            if here != last and len(found) >= size:
                break
            last = here
            found.update(one for one in map(int, ids.split(",")) if at is None or (one > at if backwards else one < at))
    return sorted(found, reverse=not backwards)


def forget(session: Session, customer: Customer) -> None:
    """Take a customer out of the index, under all names that he ever had."""
    for part, text in _ever(session, customer):
        own = (
            NamePosting.part == part,
            NamePosting.name == text,
            NamePosting.bucket == customer.id >> BUCKET_BITS,
            NamePosting.first_id <= customer.id,
        )
        for first_id, ids in session.execute(select(NamePosting.first_id, NamePosting.ids).where(*own)).all():
            left = [one for one in map(int, ids.split(",")) if one != customer.id]
            if len(left) < ids.count(",") + 1:
                session.execute(delete(NamePosting).where(*own, NamePosting.first_id == first_id))
                session.add_all(_posted(part, text, left))


def _posted(part: int, text: str, ids: list[int]) -> Iterable[NamePosting]:
    if ids:
        listed = ",".join(map(str, ids))
        yield NamePosting(part=part, name=text, bucket=ids[0] >> BUCKET_BITS, first_id=ids[0], ids=listed)


def _ever(session: Session, customer: Customer) -> set[Name]:
    """The names that a customer has, or had before a change."""
    names = {Name(part, text) for part, column in enumerate(NAME_COLUMNS) if (text := getattr(customer, column))}
    fields = (LAST_NAME, FIRST_NAME)
    for change in session.scalars(select(Change.fields).where(Change.customer_id == customer.id)):
        for part, field in enumerate(fields):
            names |= {Name(part, text) for text in change.get(field, ()) if text}
    return names
