"""Fresh identifiers settle: how SQLite's index of them stays fast while it grows (models/identifiers.py).

Each block adds to the fresh ones. When they are many, imports move them to the settled ones between their blocks, in
the order of the key: so a page of that table is written once for many identifiers, and not once for each.
"""

import polars as pl
from sqlalchemy import Connection, select, text, update

from cdpweb.engine.match import Move
from cdpweb.models import Counter
from cdpweb.models.counters import reserve
from cdpweb.models.customers import STORED_COLUMNS

MOST_FRESH = 4_000_000
"""When so many identifiers have been given since the last time, they settle: a table little larger than the cache."""

SLICE = 60_000
"""How many settle in one transaction: a third of a second."""

SLICES = 4
"""How many transactions follow a block."""

GIVEN_COUNTER, SETTLED_COUNTER = "identifiers", "settled"
"""What counts the identifiers that blocks gave, and those of them that have settled."""

_LOWEST: tuple[str | bytes, int] = ("", 0)
_HIGHEST: tuple[str | bytes, int] = (b"", 0)
"""SQLite sorts bytes after all texts."""

_LAST = text(
    "SELECT value, kind FROM fresh_identifiers WHERE (value, kind) > (:value, :kind) "
    "ORDER BY value, kind LIMIT 1 OFFSET :more"
)
_SLICE = "FROM fresh_identifiers WHERE (value, kind) > (:value, :kind) AND (value, kind) <= (:last_value, :last_kind)"
_COPY = text(f"INSERT INTO identifiers SELECT value, kind, customer_id {_SLICE} ORDER BY value, kind")
_REMOVE = text(f"DELETE {_SLICE}")


def count_given(connection: Connection, created: pl.DataFrame, moves: list[Move], contacts: list[str]) -> None:
    """Count the identifiers that a block gives to those it created and to others, on SQLite."""
    if connection.dialect.name != "sqlite":
        return
    columns = [STORED_COLUMNS.get(name, name) for name in contacts]
    newcomers = sum(created[column].count() for column in columns if column in created.columns)
    reserve(connection, GIVEN_COUNTER, newcomers + sum(move.new is not None for move in moves))


class Settling:
    """One run's part in it. What comes in behind its place waits for the next time; after a crash all begins anew."""

    def __init__(self, writer: Connection) -> None:
        self._writer = writer
        self._until: int | None = None
        self._after = _LOWEST

    def go_on(self) -> None:
        """Settle some identifiers, if they are many, each slice in a transaction of its own."""
        for _ in range(SLICES if self._writer.dialect.name == "sqlite" else 0):
            with self._writer.begin():
                is_done = not self._is_due() or self._is_last_slice()
            if is_done:
                return

    def _is_due(self) -> bool:
        if self._until is None:
            given, settled = (self._counted(name) for name in (GIVEN_COUNTER, SETTLED_COUNTER))
            if given - settled < MOST_FRESH:
                return False
            self._until, self._after = given, _LOWEST
        return True

    def _is_last_slice(self) -> bool:
        """Settle a slice; whether nothing was left behind it."""
        value, kind = self._after
        place = {"value": value, "kind": kind}
        last = self._writer.execute(_LAST, {**place, "more": SLICE - 1}).one_or_none()
        last_value, last_kind = last or _HIGHEST
        for statement in (_COPY, _REMOVE):
            self._writer.execute(statement, {**place, "last_value": last_value, "last_kind": last_kind})
        if last:
            self._after = (last_value, last_kind)
            return False
        counter = update(Counter).where(Counter.name == SETTLED_COUNTER, Counter.next_id < self._until)
        self._writer.execute(counter.values(next_id=self._until))
        self._until = None
        return True

    def _counted(self, name: str) -> int:
        counted: int = self._writer.execute(select(Counter.next_id).where(Counter.name == name)).scalar_one()
        return counted
