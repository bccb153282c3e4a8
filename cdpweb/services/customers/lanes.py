"""Lanes: the indexes along which a search of customers can walk, and the choice of the narrowest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cdpweb.domain.tasks import Outcome
from cdpweb.models import Customer, SegmentMember, TaskRow
from cdpweb.models.postings import Posted, outcome_of
from cdpweb.services.customers import postings
from cdpweb.services.customers.lookup import Sought

COUNTED = 10_000
"""Above so many, a list says "more than"."""

LONGEST_STRETCH = 8_000
"""How many customers of a lane are looked at in one go, at most."""


@dataclass(frozen=True)
class Filters:
    """What is looked for; a customer meets all that is set.

    `text`: an identifier, or the beginning of a name; with `only_ids` a CustomerId or external ID.
    """

    text: str = ""
    segment_id: int | None = None
    touchpoint_id: int | None = None
    template_id: int | None = None
    task_id: int | None = None
    outcome: Outcome | None = None
    only_ids: bool = False


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: behind the customer or row `key`, or `backwards` in front of it."""

    key: int
    backwards: bool = False


class Lane(Protocol):
    """Customers in the order of a key, the highest first."""

    @property
    def longest(self) -> int:
        """How many `stretch` may be asked for."""

    def stretch(self, session: Session, at: Cursor | None, size: int, backwards: bool) -> Sequence[tuple[int, int]]:
        """The next pairs of key and customer behind `at`."""

    def count(self, session: Session) -> int:
        """How many there are, at most one more than COUNTED."""


@dataclass(frozen=True)
class IndexLane:
    """The rows of an index that meet `conditions`: `key` orders them, `customer_id` names the customer."""

    key: InstrumentedAttribute[Any] = field(default_factory=lambda: Customer.id)
    customer_id: InstrumentedAttribute[Any] = field(default_factory=lambda: Customer.id)
    conditions: tuple[ColumnElement[bool], ...] = ()
    longest: int = LONGEST_STRETCH

    def stretch(self, session: Session, at: Cursor | None, size: int, backwards: bool) -> Sequence[tuple[int, int]]:
        """The next pairs along the index."""
        statement = select(self.key, self.customer_id).where(*self.conditions, *_behind(self.key, at, backwards))
        ordered = statement.order_by(self.key if backwards else self.key.desc()).limit(size)
        return [(key, customer) for key, customer in session.execute(ordered)]

    def count(self, session: Session) -> int:
        """As many as the index holds."""
        some = select(self.key).where(*self.conditions).limit(COUNTED + 1).subquery()
        return session.scalar(select(func.count()).select_from(some)) or 0


@dataclass(frozen=True)
class SourceLane:
    """The customers with a source: those posted under `value`."""

    kind: Posted
    value: str
    longest: int = LONGEST_STRETCH

    def stretch(self, session: Session, at: Cursor | None, size: int, backwards: bool) -> Sequence[tuple[int, int]]:
        """The next customers."""
        key = at.key if at else None
        found = postings.stretch(session, self.kind, self.value, key, size, backwards=backwards)
        return [(one, one) for one in found[:size]]

    def count(self, session: Session) -> int:
        """As many as are posted."""
        return postings.count(session, self.kind, self.value, COUNTED + 1)


@dataclass(frozen=True)
class OutcomeLane:
    """The customers of the rows of a task with an outcome, by record."""

    task_id: int
    outcome: Outcome
    longest: int = LONGEST_STRETCH

    def stretch(self, session: Session, at: Cursor | None, size: int, backwards: bool) -> Sequence[tuple[int, int]]:
        """The next rows."""
        key, value = at.key if at else None, outcome_of(self.task_id, self.outcome)
        records = postings.stretch(session, Posted.OUTCOME, value, key, size, backwards=backwards)[:size]
        own = (TaskRow.task_id == self.task_id, TaskRow.record.in_(records))
        customers = {
            row.record: row.customer_id
            for row in session.execute(select(TaskRow.record, TaskRow.customer_id).where(*own))
        }
        return [(record, customer) for record in records if (customer := customers[record]) is not None]

    def count(self, session: Session) -> int:
        """As many as are posted."""
        return postings.count(session, Posted.OUTCOME, outcome_of(self.task_id, self.outcome), COUNTED + 1)


@dataclass(frozen=True)
class TextLane:
    """The customers that a text may mean, from several indexes at once."""

    sought: Sought

    @property
    def longest(self) -> int:
        """Every name may give a whole stretch, of which the merged lane keeps one."""
        return max(LONGEST_STRETCH // (len(self.sought.names) + 1), 200)

    def stretch(self, session: Session, at: Cursor | None, size: int, backwards: bool) -> Sequence[tuple[int, int]]:
        """The next customers of all names, merged."""
        key = at.key if at else None
        ids = {one for one in self.sought.ids if key is None or (one > key if backwards else one < key)}
        for name in self.sought.names:
            ids.update(postings.stretch(session, *name, key, size, backwards=backwards))
        return [(one, one) for one in sorted(ids, reverse=not backwards)[:size]]

    def count(self, session: Session) -> int:
        """Names are followed only where they are many."""
        return COUNTED + 1 if self.sought.names else min(len(self.sought.ids), COUNTED + 1)


def _behind(key: InstrumentedAttribute[Any], at: Cursor | None, backwards: bool) -> list[ColumnElement[bool]]:
    if at is None:
        return []
    return [key > at.key if backwards else key < at.key]


def narrowest(session: Session, filters: Filters, wanted: Sought | None) -> tuple[Lane, list[ColumnElement[bool]]]:
    """The narrowest lane that the filters offer, and the conditions that its customers still have to meet."""
    conditions = _conditions(filters, wanted)
    lanes = _lanes(filters, wanted)
    if len(lanes) > 1:
        lanes.sort(key=lambda named: named[1].count(session))
    name, lane = lanes[0] if lanes else ("", IndexLane())
    return lane, [condition for key, condition in conditions.items() if key != name]


def _lanes(filters: Filters, wanted: Sought | None) -> list[tuple[str, Lane]]:
    """The lanes to choose from, by the name of the condition that each of them stands for."""
    if filters.task_id is not None:
        return [("task", _rows_of(filters.task_id, filters.outcome))]
    lanes: list[tuple[str, Lane]] = []
    if wanted is not None and wanted.is_gathered:
        lanes.append(("text" if wanted.is_exact else "", TextLane(wanted)))
    if filters.segment_id is not None:
        member = SegmentMember.customer_id
        lanes.append(("segment", IndexLane(member, member, (SegmentMember.segment_id == filters.segment_id,))))
    if filters.touchpoint_id is not None:
        lanes.append(("touchpoint", SourceLane(Posted.SOURCE_TOUCHPOINT, str(filters.touchpoint_id))))
    if filters.template_id is not None:
        lanes.append(("template", SourceLane(Posted.SOURCE_TEMPLATE, str(filters.template_id))))
    return lanes


def _rows_of(task_id: int, outcome: Outcome | None) -> Lane:
    """The rows of a task that have a customer."""
    if outcome is not None:
        return OutcomeLane(task_id, outcome)
    rows = (TaskRow.task_id == task_id, TaskRow.customer_id.is_not(None))
    return IndexLane(TaskRow.record, TaskRow.customer_id, rows)


def _conditions(filters: Filters, wanted: Sought | None) -> dict[str, ColumnElement[bool]]:
    """What a customer has to meet; a task is always the lane itself."""
    conditions: dict[str, ColumnElement[bool]] = {}
    if wanted is not None:
        conditions["text"] = wanted.condition
    if filters.segment_id is not None:
        conditions["segment"] = exists().where(
            SegmentMember.customer_id == Customer.id, SegmentMember.segment_id == filters.segment_id
        )
    if filters.touchpoint_id is not None:
        conditions["touchpoint"] = Customer.source_touchpoint_id == filters.touchpoint_id
    if filters.template_id is not None:
        conditions["template"] = Customer.source_template_id == filters.template_id
    return conditions
