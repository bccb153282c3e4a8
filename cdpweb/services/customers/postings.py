"""Reading the postings: the numbers of those that have a value; and taking a customer out of them."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from cdpweb.domain.fields import FIRST_NAME, LAST_NAME
from cdpweb.models import Change, Customer, Posting
from cdpweb.models.postings import BUCKET_BITS, POSTED_COLUMNS, Posted

FETCHED = 100
"""Postings that are read in one go."""


def numbers_of(text: str) -> Iterable[int]:
    """The numbers of one posting."""
    return map(int, text.split(","))


def stretch(session: Session, kind: Posted, value: str, at: int | None, size: int, *, backwards: bool) -> list[int]:
    """At least the next `size` numbers behind the number `at` that are posted so, as far as there are so many.

    The highest come first, `backwards` the lowest.
    """
    statement = _beyond(kind, value, at, backwards)
    found: set[int] = set()
    last: int | None = None
    with closing(session.execute(statement.execution_options(yield_per=FETCHED))) as postings:
        for bucket, text in postings:
            if len(found) >= size and (kind.is_in_order or bucket != last):
                break
            last = bucket
            found.update(one for one in numbers_of(text) if at is None or (one > at if backwards else one < at))
    return sorted(found, reverse=not backwards)


def _beyond(kind: Posted, value: str, at: int | None, backwards: bool) -> Select[int, str]:
    """The buckets and numbers of postings in order, without most of those that have nothing behind `at`."""
    bucket, first = Posting.bucket, Posting.first
    order = (bucket, first) if backwards else (bucket.desc(), first.desc())
    beyond = select(bucket, Posting.numbers).where(Posting.kind == kind, Posting.value == value).order_by(*order)
    if at is None:
        return beyond
    here = at >> BUCKET_BITS
    if not backwards:
        return beyond.where(bucket <= here, first < at)
    if kind.is_in_order:
        holding = select(func.max(first)).where(Posting.kind == kind, Posting.value == value)
        holding = holding.where(bucket == here, first <= at)
        beyond = beyond.where(first >= func.coalesce(holding.scalar_subquery(), at))
    return beyond.where(bucket >= here)


def count(session: Session, kind: Posted, value: str, most: int) -> int:
    """How many numbers are posted so, at most `most`."""
    return sum(1 for _ in islice(_numbers(session, kind, value), most))


def _numbers(session: Session, kind: Posted, value: str) -> Iterator[int]:
    own = select(Posting.numbers).where(Posting.kind == kind, Posting.value == value)
    with closing(session.scalars(own.execution_options(yield_per=FETCHED))) as postings:
        for text in postings:
            yield from numbers_of(text)


def forget(session: Session, customer: Customer) -> None:
    """Take a customer out of the postings, under all names that he ever had too."""
    for kind, value in _ever(session, customer):
        own = (
            Posting.kind == kind,
            Posting.value == value,
            Posting.bucket == customer.id >> BUCKET_BITS,
            Posting.first <= customer.id,
        )
        for first, text in session.execute(select(Posting.first, Posting.numbers).where(*own)).all():
            left = [one for one in numbers_of(text) if one != customer.id]
            if len(left) < text.count(",") + 1:
                session.execute(delete(Posting).where(*own, Posting.first == first))
                session.add_all(_posted(kind, value, left))


def _posted(kind: Posted, value: str, numbers: list[int]) -> Iterable[Posting]:
    if numbers:
        text, first = ",".join(map(str, numbers)), numbers[0]
        yield Posting(kind=kind, value=value, bucket=first >> BUCKET_BITS, first=first, numbers=text)


def _ever(session: Session, customer: Customer) -> set[tuple[Posted, str]]:
    """What a customer is posted under: his sources, and the names that he has, or had before a change."""
    ever = {
        (kind, str(value))
        for kind, column in POSTED_COLUMNS.items()
        if (value := getattr(customer, column)) is not None
    }
    for change in session.scalars(select(Change.fields).where(Change.customer_id == customer.id)):
        for kind, field in ((Posted.LAST_NAME, LAST_NAME), (Posted.FIRST_NAME, FIRST_NAME)):
            ever |= {(kind, text) for text in change.get(field, ()) if text}
    return ever
