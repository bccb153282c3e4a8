"""What a block does, before any of it is written: rows matched, applied, and given the settings of their actions."""

from typing import NamedTuple

import polars as pl
from sqlalchemy import Connection

from cdpweb.domain.fields import EMAIL, PHONE
from cdpweb.domain.problems import NUL_SIGN
from cdpweb.domain.tasks import Outcome
from cdpweb.engine.actions import SAID, actions, with_settings
from cdpweb.engine.apply import apply
from cdpweb.engine.choices import with_choices
from cdpweb.engine.match import Move, match
from cdpweb.engine.normalise import VALUE_CHARACTERS, Normalised
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Reads
from cdpweb.models.customers import STORED_COLUMNS


class Effect(NamedTuple):
    """What a block does. Until they are `numbered`, newcomers have the negative numbers of their creating records.

    `ledger`: the outcome of every row, in the columns of the table. `acting`: the rows that write an action;
    `changing`: those that changed something; both as the rows of `Applied`, with the settings of their actions.
    `created`, in the order of the file: columns of `customers`, and under their names in files the IDs of external
    systems. `changed`, `members`: see `Applied`. `moves`: identifiers of customers who were there. `problems`: all of
    the block's, in the columns of the table, but for the task.
    """

    ledger: pl.DataFrame
    acting: pl.DataFrame
    changing: pl.DataFrame
    created: pl.DataFrame
    changed: list[pl.DataFrame]
    members: pl.DataFrame
    moves: list[Move]
    problems: pl.DataFrame

    def numbered(self, first: int) -> "Effect":
        """The same with ids for newcomers, from `first` on, in the order of the file."""
        if self.created.is_empty():
            return self
        records, ids = -self.created["id"], pl.int_range(first, first + self.created.height, eager=True)
        start, end = records[0], records[-1] + 1  # a block's records are close together: each has its place in a list
        by_record = pl.repeat(None, end - start, dtype=pl.Int64, eager=True).scatter(records - start, ids)

        def called(frame: pl.DataFrame, column: str) -> pl.DataFrame:
            customer = frame[column]
            newcomers = (customer < 0).arg_true()
            return frame.with_columns(
                customer.scatter(newcomers, by_record.gather(-customer.gather(newcomers) - start))
            )

        return self._replace(
            ledger=called(self.ledger, "customer_id"),
            acting=called(self.acting, "customer"),
            changing=called(self.changing, "customer"),
            created=called(self.created, "id"),
            members=called(self.members, "customer"),
        )


def decide(block: Normalised, orders: Orders, store: Reads, connection: Connection) -> Effect:
    """Decide what a block does to the customers that `store` shows.

    Writes nothing but the choices that the block creates, where the `orders` say so.
    """
    speaking = block.rows.filter(~pl.col("blank") & ~pl.col("broken"))
    matched = match(speaking, orders, store)
    chosen = with_choices(speaking, matched.accepted["record"], connection, orders)
    applied = apply(chosen, matched, orders, store)
    said = speaking.select("record", *(name for name in SAID if name in speaking.columns))
    rows = with_settings(applied.rows.join(said, on="record", maintain_order="left"), orders)
    return Effect(
        ledger=_ledger(block, rows, orders),
        acting=actions(rows, orders),
        changing=rows.filter("changed"),
        created=_created(applied.created, rows, orders),
        changed=applied.changed,
        members=applied.members,
        moves=matched.moves,
        problems=_problems(block, matched.problems, applied.problems),
    )


def _problems(block: Normalised, *found: pl.DataFrame) -> pl.DataFrame:
    """All problems in the order of the rows, those of a row numbered."""
    every = pl.concat([block.problems, *(_quoting(problems, block.cells) for problems in found)])
    return every.sort("record", maintain_order=True).with_columns(
        value=pl.col("value").str.replace_all("\0", NUL_SIGN, literal=True),
        number=pl.int_range(1, pl.len() + 1).over("record"),
    )


def _quoting(problems: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """The problems with the cells of the file in place of what was made of them."""
    if problems.is_empty():
        return problems
    told = cells.filter(pl.col("record").is_in(problems["record"].implode()))
    told = told.unpivot(index="record", variable_name="column", value_name="cell")
    quoted = problems.join(told, on=["record", "column"], how="left", maintain_order="left")
    value = pl.coalesce(pl.col("cell").cast(pl.String).str.slice(0, VALUE_CHARACTERS), "value")
    return quoted.with_columns(value=value).drop("cell")


def _created(created: pl.DataFrame, rows: pl.DataFrame, orders: Orders) -> pl.DataFrame:
    """The customers of the block's newcomers with the sources that their `rows` say."""
    made = rows.filter("created").select(
        "customer",
        source_endpoint_id="endpoint_id",
        source_touchpoint_id="touchpoint_id",
        source_template_id="template_id",
        created_record="record",
    )
    renamed = {name: STORED_COLUMNS[name] for name in (EMAIL, PHONE) if name in created.columns}
    return (
        created.join(made, on="customer")
        .with_columns(created_task_id=orders.task_id)
        .rename({"customer": "id", **renamed})
        .sort("id", descending=True)
    )


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
