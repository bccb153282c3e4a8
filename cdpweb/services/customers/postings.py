"""Reading the postings: the numbers of those that have a value; and taking a customer out of them."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from itertools import islice

from sqlalchemy import CTE, ColumnElement, Select, and_, delete, func, select
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
    found: set[int] = set()
    for bucket in sorted(buckets(session, kind), reverse=not backwards):
        if len(found) >= size:
            break
        if at is not None and (bucket < at >> BUCKET_BITS if backwards else bucket > at >> BUCKET_BITS):
            continue
        for text in _texts(session, _beyond(kind, bucket, value, at, backwards)):
            if len(found) >= size and kind.is_in_order:
                break
            found.update(one for one in numbers_of(text) if at is None or (one > at if backwards else one < at))
    return sorted(found, reverse=not backwards)


def _beyond(kind: Posted, bucket: int, value: str, at: int | None, backwards: bool) -> Select[str]:
    """The numbers of a bucket's postings in order, without most of those that have nothing behind `at`."""
    first, own = Posting.first, posted(kind, [bucket], value)
    beyond = select(Posting.numbers).where(own).order_by(first if backwards else first.desc())
    if at is None:
        return beyond
    if not backwards:
        return beyond.where(first < at)
    if kind.is_in_order:
        holding = select(func.max(first)).where(own, first <= at)
        beyond = beyond.where(first >= func.coalesce(holding.scalar_subquery(), at))
    return beyond


def count(session: Session, kind: Posted, value: str, most: int) -> int:
    """How many numbers are posted so, at most `most`."""
    own = select(Posting.numbers).where(posted(kind, buckets(session, kind), value))
    return sum(1 for _ in islice((one for text in _texts(session, own) for one in numbers_of(text)), most))


def _texts(session: Session, statement: Select[str]) -> Iterator[str]:
    with closing(session.scalars(statement.execution_options(yield_per=FETCHED))) as texts:
        yield from texts


def posted(kind: Posted, among: Collection[int], value: str) -> ColumnElement[bool]:
    """The condition of the postings with a `value` in the buckets `among`."""
    return and_(Posting.kind == kind, Posting.bucket.in_(among), Posting.value == value)


def buckets(session: Session, kind: Posted) -> list[int]:
    """The buckets in which anything of a kind is posted."""
    each = buckets_of(kind)
    return list(session.scalars(select(each.c.bucket).where(each.c.bucket.is_not(None))))


def buckets_of(kind: Posted) -> CTE:
    """The same as a table, which ends with a null: found by skipping from one to the next along the key."""
    lowest = func.min(Posting.bucket)
    found = select(lowest.label("bucket")).where(Posting.kind == kind).cte("found", recursive=True)
    following = select(lowest).where(Posting.kind == kind, Posting.bucket > found.c.bucket).scalar_subquery()
    return found.union_all(select(following).where(found.c.bucket.is_not(None)))


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
