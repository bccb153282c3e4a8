"""One block becomes one transaction: customers, feed, changes, ledger, problems, counts and checkpoint together."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import polars as pl
from sqlalchemy import Connection, bindparam, insert, select, update

from cdpweb.domain.problems import PROBLEMS, Severity
from cdpweb.domain.tasks import Outcome
from cdpweb.engine import settling, writes
from cdpweb.engine.aftermath import Aftermath
from cdpweb.engine.ahead import Ahead
from cdpweb.engine.apply import apply
from cdpweb.engine.choices import with_choices
from cdpweb.engine.decide import decide
from cdpweb.engine.foresight import Foreseen
from cdpweb.engine.match import match
from cdpweb.engine.normalise import Normalised
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Store, store_for, take_turn
from cdpweb.engine.stores.writing import Write
from cdpweb.models import ProblemGroup, RowProblem
from cdpweb.models.base import table_of
from cdpweb.models.counters import reserve

SAMPLES = 3
"""How many problems of a kind a group shows."""


@dataclass(frozen=True)
class Counts:
    """What became of the rows of a block (rules §4)."""

    rows_read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    blank: int = 0
    warnings: int = 0

    def check(self) -> None:
        """Raise unless every row is accounted for."""
        outcomes = self.created + self.updated + self.unchanged + self.rejected + self.blank
        if outcomes != self.rows_read:
            raise BlockDoesNotAddUp(f"{outcomes} outcomes for {self.rows_read} rows")


class BlockDoesNotAddUp(Exception):
    """A bug: the outcomes of a block are not as many as its rows."""


@dataclass
class Prepared:
    """A normalised block, and what could be foreseen of it; `aftermath` is there as soon as its turn has begun."""

    block: Normalised
    foreseen: Foreseen | None
    aftermath: Future[Aftermath] = field(default_factory=Future)


def write_block(
    connection: Connection, prepared: Prepared, last: Aftermath | None, orders: Orders
) -> tuple[Counts, Aftermath]:
    """Decide and write one block inside the connection's transaction.

    `last` is what the block before has left; what this one leaves is given back with its counts.
    """
    store = store_for(connection)
    store.commit_lazily()
    turn = take_turn(connection)
    block, foreseen = prepared.block, prepared.foreseen
    if foreseen is not None and foreseen.holds(turn, last):
        effect = foreseen.effect
    else:
        effect = decide(block, orders, store, connection)
    first_action = reserve(connection, "actions", effect.acting.height)
    first_change = reserve(connection, "changes", effect.changing.height)
    effect = effect.numbered(reserve(connection, "customers", effect.created.height))
    settling.count_given(connection, effect.created, effect.moves, orders.contacts)
    left = Aftermath.of(turn, effect)
    prepared.aftermath.set_result(left)
    # While one is written the next is gathered: what takes long to gather follows what takes long to write.
    together = chain(
        _problems(connection, store, effect.problems, orders),
        writes.identities(store, effect.moves, orders),
        writes.history(store, effect.changing, first_change, orders),
        writes.ledger(store, effect.ledger),
        writes.feed(store, effect.acting, first_action, orders),
        writes.newcomers(store, effect.created, orders),
        writes.outcomes(store, effect.ledger, orders),
        writes.changed(store, effect.changed, effect.moves, orders),
        writes.members(store, effect.members),
    )
    with closing(Ahead(together)) as gathered:
        for write in gathered:
            write()
    return _counts(effect.ledger, effect.problems), left


def write_by_hand(connection: Connection, block: Normalised, orders: Orders) -> tuple[pl.DataFrame, str | None]:
    """Match, apply and write one row that a person wrote, whole or not at all; he names the customer by CustomerId.

    Gives the row's problems, with which nothing is written, and what it changed as JSON, None for nothing.
    """
    store = store_for(connection)
    matched = match(block.rows, orders, store)
    problems = pl.concat([block.problems, matched.problems])
    if problems.height:
        return problems, None
    rows = with_choices(block.rows, matched.accepted["record"], connection, orders)
    applied = apply(rows, matched, orders, store)
    if applied.problems.height:
        return applied.problems, None
    for write in chain(
        writes.identities(store, matched.moves, orders),
        writes.changed(store, applied.changed, matched.moves, orders),
        writes.members(store, applied.members),
    ):
        write()
    changes: str | None = applied.rows["changes"].item()
    return problems, changes


# Problems and counts


def _problems(connection: Connection, store: Store, problems: pl.DataFrame, orders: Orders) -> Iterator[Write]:
    if problems.is_empty():
        return
    yield store.insert(table_of(RowProblem), problems.with_columns(task_id=pl.lit(orders.task_id)))
    yield partial(_groups, connection, problems, orders)


def _groups(connection: Connection, problems: pl.DataFrame, orders: Orders) -> None:
    """Count problems by code and column, keeping the first few of each."""
    table = table_of(ProblemGroup)
    stored = {
        (code, column): (count, samples)
        for code, column, count, samples in connection.execute(
            select(table.c.code, table.c.column, table.c.count, table.c.samples).filter_by(task_id=orders.task_id)
        )
    }
    sample = pl.struct("record", "line", "value", "detail").head(SAMPLES)
    grouped = problems.group_by("code", pl.col("column").fill_null(""), maintain_order=True).agg(
        count=pl.len(), samples=sample
    )
    fresh, counted = [], []
    for code, column, count, samples in grouped.iter_rows():
        if (code, column) not in stored:
            fresh.append(
                {"task_id": orders.task_id, "code": code, "column": column, "count": count, "samples": samples}
            )
        else:
            before, kept = stored[code, column]
            counted.append({"of": code, "at": column, "count": before + count, "samples": (kept + samples)[:SAMPLES]})
    if fresh:
        connection.execute(insert(table), fresh)
    if counted:
        own = (table.c.task_id == orders.task_id, table.c.code == bindparam("of"), table.c.column == bindparam("at"))
        connection.execute(update(table).where(*own), counted)


def _counts(ledger: pl.DataFrame, problems: pl.DataFrame) -> Counts:
    outcomes = dict(ledger["outcome"].value_counts().iter_rows())
    warning_codes = [code for code, problem in PROBLEMS.items() if problem.severity is Severity.WARNING]
    warnings = problems["code"].is_in(warning_codes)
    counts = Counts(
        rows_read=ledger.height,
        warnings=int(warnings.sum()),
        **{outcome.value: outcomes.get(outcome.value, 0) for outcome in Outcome},
    )
    counts.check()
    reasons = problems.filter(~warnings)["record"].n_unique()
    if reasons != counts.rejected:
        raise BlockDoesNotAddUp(f"{counts.rejected} rows rejected, {reasons} with a reason")
    return counts
