"""One block becomes one transaction: customers, feed, changes, ledger, problems, counts and checkpoint together."""

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import polars as pl
from sqlalchemy import Connection, insert, select, update

from cdpweb.domain.problems import NUL_SIGN, PROBLEMS, Severity
from cdpweb.domain.tasks import Outcome
from cdpweb.engine import postings, writes
from cdpweb.engine.actions import SAID, actions, with_settings
from cdpweb.engine.ahead import ahead
from cdpweb.engine.apply import apply
from cdpweb.engine.choices import with_choices
from cdpweb.engine.foresight import Foreseen, Trace, effect_of, foresee, trace
from cdpweb.engine.match import match
from cdpweb.engine.normalise import VALUE_CHARACTERS, Normalised
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Store, store_for, take_turn
from cdpweb.engine.stores.writing import Write
from cdpweb.models import Posting, ProblemGroup, RowProblem, TaskRow
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


class Prepared(NamedTuple):
    """A normalised block, and what could be decided of it ahead of its turn."""

    block: Normalised
    foreseen: Foreseen | None


def prepare(connection: Connection, block: Normalised, orders: Orders) -> Prepared:
    """Decide what can be decided of a block while another one is written; `connection` is a `stores.reader`."""
    return Prepared(block, foresee(connection, _speaking(block), orders))


def write_block(
    connection: Connection, prepared: Prepared, last: Trace | None, orders: Orders, now: dt.datetime
) -> tuple[Counts, Trace]:
    """Match, apply and write one block inside the connection's transaction; `now` is the time of recording.

    `last` is what the block before has touched; what this one has is given back with its counts.
    """
    store = store_for(connection)
    store.commit_lazily()
    turn = take_turn(connection)
    block, speaking = prepared.block, _speaking(prepared.block)
    effect = effect_of(speaking, prepared.foreseen, last, turn, orders, store, connection)
    applied = effect.applied
    numbers = _numbers(connection, applied.created)
    said = speaking.select("record", *(name for name in SAID if name in speaking.columns))
    rows = applied.rows.join(said, on="record", maintain_order="left")
    rows = with_settings(writes.numbered(rows, numbers), orders)
    acting, changing = actions(rows, orders), rows.filter("changed")
    first_action = reserve(connection, "actions", acting.height)
    first_change = reserve(connection, "changes", changing.height)
    ledger = _ledger(block, rows, orders)
    # Newcomers take longest to gather: before them comes what takes long to write.
    together = chain(
        [store.insert(table_of(TaskRow), ledger)],
        writes.identities(store, effect.moves, orders),
        writes.history(store, changing, first_change, orders, now),
        writes.feed(store, acting, first_action, orders, now),
        writes.newcomers(store, applied, rows, numbers, orders, now),
        writes.changed(store, applied, effect.moves, orders),
        writes.members(store, applied, numbers),
        _outcomes(store, ledger, orders),
    )
    with closing(ahead(together)) as gathered:
        for write in gathered:
            write()
    problems = pl.concat([block.problems, _quoting(applied.problems, block.cells)])
    _problems(connection, store, problems, orders)
    return _counts(ledger, problems), trace(speaking, effect, turn, orders)


def _speaking(block: Normalised) -> pl.DataFrame:
    """The rows that may be about somebody."""
    return block.rows.filter(~pl.col("blank") & ~pl.col("broken"))


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
        writes.changed(store, applied, matched.moves, orders),
        writes.members(store, applied, _numbers(connection, applied.created)),
    ):
        write()
    changes: str | None = applied.rows["changes"].item()
    return problems, changes


def _numbers(connection: Connection, created: pl.DataFrame) -> pl.DataFrame:
    """The id of each newcomer, in the order of the file: `customer` (negative record), `id`."""
    order = created.select("customer").sort("customer", descending=True)
    first = reserve(connection, "customers", order.height)
    return order.with_columns(id=pl.int_range(first, first + pl.len(), dtype=pl.Int64))


# Ledger and problems


def _ledger(block: Normalised, rows: pl.DataFrame, orders: Orders) -> pl.DataFrame:
    """What became of every row of the block."""
    settled = rows.select("record", "customer", "created", "changed", "matched_by")
    outcome = (
        pl.when("blank").then(pl.lit(Outcome.BLANK.value))
        .when(pl.col("customer").is_null()).then(pl.lit(Outcome.REJECTED.value))
        .when("created").then(pl.lit(Outcome.CREATED.value))
        .when("changed").then(pl.lit(Outcome.UPDATED.value))
        .otherwise(pl.lit(Outcome.UNCHANGED.value))
    )  # fmt: skip
    joined = block.rows.select("record", "line", "blank").join(settled, on="record", how="left", maintain_order="left")
    return joined.select(
        pl.lit(orders.task_id).alias("task_id"),
        "record",
        "line",
        outcome.alias("outcome"),
        pl.col("customer").alias("customer_id"),
        "matched_by",
    )


def _outcomes(store: Store, ledger: pl.DataFrame, orders: Orders) -> Iterator[Write]:
    yield store.insert(table_of(Posting), postings.of_rows(ledger, orders.task_id))


def _quoting(problems: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """The problems with the cells of the file in place of what was made of them."""
    if problems.is_empty():
        return problems
    told = cells.filter(pl.col("record").is_in(problems["record"].implode()))
    told = told.unpivot(index="record", variable_name="column", value_name="cell")
    quoted = problems.join(told, on=["record", "column"], how="left", maintain_order="left")
    value = pl.coalesce(pl.col("cell").cast(pl.String).str.slice(0, VALUE_CHARACTERS), "value")
    return quoted.with_columns(value=value).drop("cell")


def _problems(connection: Connection, store: Store, problems: pl.DataFrame, orders: Orders) -> None:
    if problems.is_empty():
        return
    in_order = problems.sort("record", maintain_order=True).with_columns(
        value=pl.col("value").str.replace_all("\0", NUL_SIGN, literal=True),
        number=pl.int_range(1, pl.len() + 1).over("record"),
    )
    store.insert(table_of(RowProblem), in_order.with_columns(task_id=pl.lit(orders.task_id)))()
    _groups(connection, in_order, orders)


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
    for code, column, count, samples in grouped.iter_rows():
        key = {"task_id": orders.task_id, "code": code, "column": column}
        if (code, column) not in stored:
            connection.execute(insert(ProblemGroup).values(**key, count=count, samples=samples))
            continue
        before, kept = stored[code, column]
        counted = {"count": before + count, "samples": (kept + samples)[:SAMPLES]}
        connection.execute(update(ProblemGroup).filter_by(**key).values(**counted))


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
