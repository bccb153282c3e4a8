"""Finding customers, a page at a time, in a time that does not depend on how many there are.

A page is read along one index, the *lane*; conditions that the index does not know are checked on stretches of it.
Where the time is up before the page is full, the page says so and the next one goes on from there.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.tasks import Outcome
from cdpweb.models import Customer, SegmentMember, TaskRow
from cdpweb.services.customers.lookup import Sought, sought

PAGE_CUSTOMERS = 50
COUNTED = 10_000
"""Above so many, a list says "more than"."""

FIRST_STRETCH, LONGEST_STRETCH = 500, 8_000
"""How many customers of a lane are checked at a time."""

BUDGET_SECONDS = 0.12


@dataclass(frozen=True)
class Filters:
    """What is looked for; a customer meets all that is set. `text`: an identifier, or the beginning of a name."""

    text: str = ""
    segment_id: int | None = None
    touchpoint_id: int | None = None
    template_id: int | None = None
    task_id: int | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: behind the customer or row `key`, or `backwards` in front of it."""

    key: int
    backwards: bool = False


@dataclass(frozen=True)
class Page:
    """Customers, newest first; those of a task by their rows, the last row first.

    `total`: how many there are, COUNTED + 1 for more than COUNTED, None where only a walk would tell. `is_cut`: the
    time was up before the page was full.
    """

    customers: list[Customer]
    previous: Cursor | None
    next: Cursor | None
    total: int | None
    is_cut: bool


def find_page(session: Session, catalog: Catalog, filters: Filters, cursor: Cursor | None = None) -> Page:
    """One page of the customers who meet the filters."""
    wanted = sought(session, catalog, filters.text)
    lane, conditions = _lane(session, filters, wanted)
    walk = _Walk(session, lane, conditions, cursor)
    walk.run()
    customers = _customers(session, walk.shown)
    return Page(customers, walk.previous, walk.next, _total(session, lane, conditions), walk.is_cut)


# Lanes


@dataclass(frozen=True)
class _Lane:
    """An index to walk along from its highest key down: `key` orders it, `customer_id` names the customer.

    `ids`, where set, are the lane themselves.
    """

    key: InstrumentedAttribute[Any] = field(default_factory=lambda: Customer.id)
    customer_id: InstrumentedAttribute[Any] = field(default_factory=lambda: Customer.id)
    conditions: tuple[ColumnElement[bool], ...] = ()
    ids: frozenset[int] | None = None

    def stretch(self, session: Session, cursor: Cursor | None, size: int, backwards: bool) -> Sequence[tuple[int, int]]:
        """The next pairs of key and customer behind the cursor."""
        if self.ids is not None:
            behind = (
                one for one in self.ids if cursor is None or (one > cursor.key if backwards else one < cursor.key)
            )
            return [(one, one) for one in sorted(behind, reverse=not backwards)[:size]]
        statement = select(self.key, self.customer_id).where(*self.conditions)
        if cursor is not None:
            statement = statement.where(self.key > cursor.key if backwards else self.key < cursor.key)
        ordered = statement.order_by(self.key if backwards else self.key.desc()).limit(size)
        return [(key, customer) for key, customer in session.execute(ordered)]

    def count(self, session: Session) -> int:
        """How many the lane holds, at most one more than COUNTED."""
        if self.ids is not None:
            return min(len(self.ids), COUNTED + 1)
        some = select(self.key).where(*self.conditions).limit(COUNTED + 1).subquery()
        return session.scalar(select(func.count()).select_from(some)) or 0


def _lane(session: Session, filters: Filters, wanted: Sought | None) -> tuple[_Lane, list[ColumnElement[bool]]]:
    """The narrowest lane that the filters offer, and the conditions that its customers still have to meet."""
    conditions = _conditions(filters, wanted)
    lanes = _lanes(filters, wanted, conditions)
    if len(lanes) > 1:
        lanes.sort(key=lambda named: named[1].count(session))
    name, lane = lanes[0] if lanes else ("", _Lane())
    return lane, [condition for key, condition in conditions.items() if key != name]


def _lanes(
    filters: Filters, wanted: Sought | None, conditions: dict[str, ColumnElement[bool]]
) -> list[tuple[str, _Lane]]:
    """The lanes to choose from, by the name of the condition that each of them stands for."""
    if filters.task_id is not None:
        return [("task", _Lane(TaskRow.record, TaskRow.customer_id, _rows_of(filters)))]
    lanes: list[tuple[str, _Lane]] = []
    for name in {"touchpoint", "template"} & conditions.keys():
        lanes.append((name, _Lane(conditions=(conditions[name],))))
    if filters.segment_id is not None:
        member = SegmentMember.customer_id
        lanes.append(("segment", _Lane(member, member, (SegmentMember.segment_id == filters.segment_id,))))
    if wanted is not None and wanted.ids is not None:
        lanes.append(("text", _Lane(ids=wanted.ids)))
    return lanes


def _rows_of(filters: Filters) -> tuple[ColumnElement[bool], ...]:
    """The rows of a task that have a customer."""
    rows: tuple[ColumnElement[bool], ...] = (TaskRow.task_id == filters.task_id, TaskRow.customer_id.is_not(None))
    return rows if filters.outcome is None else (*rows, TaskRow.outcome == filters.outcome.value)


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


# The walk


@dataclass
class _Walk:
    """Walks along a lane until a page is full, the lane ends or the time is up."""

    session: Session
    lane: _Lane
    conditions: list[ColumnElement[bool]]
    start: Cursor | None
    found: list[tuple[int, int]] = field(default_factory=list)
    is_cut: bool = False
    at: Cursor | None = None

    @property
    def backwards(self) -> bool:
        return self.start is not None and self.start.backwards

    def run(self) -> None:
        end = time.monotonic() + BUDGET_SECONDS
        size = FIRST_STRETCH if self.conditions else PAGE_CUSTOMERS + 1
        self.at = self.start
        while len(self.found) <= PAGE_CUSTOMERS:
            stretch = self.lane.stretch(self.session, self.at, size, self.backwards)
            self.found += self._meeting(stretch)
            if len(stretch) < size:
                return
            self.at = Cursor(stretch[-1][0])
            self.is_cut = len(self.found) <= PAGE_CUSTOMERS and time.monotonic() > end
            if self.is_cut:
                return
            size = min(size * 2, LONGEST_STRETCH)

    def _meeting(self, stretch: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        if not self.conditions:
            return list(stretch)
        ids = {customer for _, customer in stretch}
        meeting = set(self.session.scalars(select(Customer.id).where(Customer.id.in_(ids), *self.conditions)))
        return [pair for pair in stretch if pair[1] in meeting]

    @property
    def _page(self) -> list[tuple[int, int]]:
        """The pairs to show, highest key first."""
        page = self.found[:PAGE_CUSTOMERS]
        return page[::-1] if self.backwards else page

    @property
    def shown(self) -> list[int]:
        """The customers to show; one with several rows in a task is shown once."""
        return list(dict.fromkeys(customer for _, customer in self._page))

    @property
    def _goes_on(self) -> Cursor | None:
        """Where the walk would go on, None at the end of the lane."""
        if self.is_cut and self.at:
            return Cursor(self.at.key, self.backwards)
        if len(self.found) > PAGE_CUSTOMERS:
            return Cursor(self.found[PAGE_CUSTOMERS - 1][0], self.backwards)
        return None

    @property
    def next(self) -> Cursor | None:
        """The page of lower keys."""
        if not self.backwards:
            return self._goes_on
        return Cursor(self._page[-1][0]) if self._page else self._turned(False)

    @property
    def previous(self) -> Cursor | None:
        """The page of higher keys."""
        if self.backwards:
            return self._goes_on
        if self.start is None:
            return None
        return Cursor(self._page[0][0], backwards=True) if self._page else self._turned(True)

    def _turned(self, backwards: bool) -> Cursor | None:
        """The way back from an empty page."""
        return self.start and Cursor(self.start.key, backwards)


def _customers(session: Session, ids: list[int]) -> list[Customer]:
    there = {one.id: one for one in session.scalars(select(Customer).where(Customer.id.in_(ids)))}
    return [there[one] for one in ids if one in there]


def _total(session: Session, lane: _Lane, conditions: list[ColumnElement[bool]]) -> int | None:
    return None if conditions else lane.count(session)
