"""Finding customers, a page at a time, in a time that does not depend on how many there are.

A page is read along one index, the *lane*; conditions that the index does not know are checked on stretches of it.
Where the time is up before the page is full, the page says so and the next one goes on from there.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from cdpweb.domain.catalog import Catalog
from cdpweb.models import Customer
from cdpweb.services.customers.lanes import Cursor, Filters, Lane, narrowest
from cdpweb.services.customers.lookup import sought

PAGE_CUSTOMERS = 50
FIRST_STRETCH = 500
"""How many customers of a lane are checked first; then twice as many, and so on."""

BUDGET_SECONDS = 0.12


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
    lane, conditions = narrowest(session, filters, sought(session, catalog, filters.text, only_ids=filters.only_ids))
    walk = _Walk(session, lane, conditions, cursor)
    walk.run()
    customers = _customers(session, walk.shown)
    return Page(customers, walk.previous, walk.next, _total(session, lane, conditions), walk.is_cut)


# The walk


@dataclass
class _Walk:
    """Walks along a lane until a page is full, the lane ends or the time is up."""

    session: Session
    lane: Lane
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
        size = min(FIRST_STRETCH, self.lane.longest) if self.conditions else PAGE_CUSTOMERS + 1
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
            size = min(size * 2, self.lane.longest)

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


def _total(session: Session, lane: Lane, conditions: list[ColumnElement[bool]]) -> int | None:
    return None if conditions else lane.count(session)
