"""Deleting a customer, and saying beforehand what will be gone."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cdpweb.engine.stores import take_turn
from cdpweb.models import Action, Change, Customer, ExternalId, SegmentMember
from cdpweb.models.counters import reserve
from cdpweb.models.types import now
from cdpweb.services import audit
from cdpweb.services.customers import postings

DELETED = {"Customer": ["deleted", None]}
"""The fields of the one change that stays: that there was a customer, and nothing about him."""


@dataclass(frozen=True)
class Losses:
    """What goes with a customer, in numbers."""

    identifiers: int
    actions: int
    changes: int
    segments: int


def losses(session: Session, customer: Customer) -> Losses:
    """What deleting the customer takes away."""
    own = sum(value is not None for value in (customer.email, customer.phone))
    return Losses(
        identifiers=own + _count(session, ExternalId, customer),
        actions=_count(session, Action, customer),
        changes=_count(session, Change, customer),
        segments=_count(session, SegmentMember, customer),
    )


def delete_customer(session: Session, customer: Customer, author: str | None) -> None:
    """Delete a customer and all that is known of him; one change without personal data stays.

    Does nothing where somebody else was faster.
    """
    number = customer.id
    take_turn(session.connection())
    if session.get(Customer, number, populate_existing=True) is None:
        return
    postings.forget(session, customer)
    for kind in _HANGING:
        session.execute(delete(kind).where(kind.customer_id == number))
    session.delete(customer)
    session.add(
        Change(customer_id=number, id=reserve(session.connection(), "changes"), at=now(), author=author, fields=DELETED)
    )
    session.flush()
    audit.record("customer_deleted", person=author, customer=number)


def deletion_of(session: Session, customer_id: int) -> Change | None:
    """The change that deleted a customer, if he has been deleted."""
    last = select(Change).where(Change.customer_id == customer_id).order_by(Change.id.desc()).limit(1)
    change = session.scalar(last)
    return change if change and change.fields == DELETED else None


_HANGING: tuple[type[ExternalId] | type[SegmentMember] | type[Action] | type[Change], ...] = (
    ExternalId,
    SegmentMember,
    Action,
    Change,
)


def _count(
    session: Session, kind: type[ExternalId] | type[SegmentMember] | type[Action] | type[Change], customer: Customer
) -> int:
    return session.scalar(select(func.count()).select_from(kind).where(kind.customer_id == customer.id)) or 0
