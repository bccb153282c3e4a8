"""What a block writes into the tables of customers: statements in the order in which they have to be called.

The rows of each are gathered when it is asked for, and from memory alone: so one can be made ready while the database
takes in another.
"""

from collections.abc import Iterator

import polars as pl

from cdpweb.domain.fields import EMAIL, PHONE
from cdpweb.engine import postings
from cdpweb.engine.match import Move, system_ids
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Store
from cdpweb.engine.stores.writing import Write
from cdpweb.models import Action, Change, Customer, ExternalId, Posting, SegmentMember, TaskRow
from cdpweb.models.base import table_of
from cdpweb.models.customers import STORED_COLUMNS

# Customers


def identities(store: Store, moves: list[Move], orders: Orders) -> Iterator[Write]:
    """Release every identifier that moves before any is set: the unique indexes look at one row at a time."""
    systems = system_ids(orders)
    for column in (EMAIL, PHONE):
        name = STORED_COLUMNS[column]
        lost = [move.customer for move in moves if move.column == column and move.old is not None]
        if lost:
            released = pl.DataFrame({"id": lost}).with_columns(pl.lit(None).alias(name))
            yield store.update(table_of(Customer), released, ("id",))
    gone = [(systems[move.column], move.old) for move in moves if move.column in systems and move.old is not None]
    if gone:
        frame = pl.DataFrame(gone, schema=["system_id", "value"], orient="row")
        yield store.delete(table_of(ExternalId), frame)


def newcomers(store: Store, created: pl.DataFrame, orders: Orders) -> Iterator[Write]:
    """Customers whom the block creates, as `Effect` has them, with their ids."""
    if created.is_empty():
        return
    systems = {name: system_id for name, system_id in system_ids(orders).items() if name in created.columns}
    external_ids = [
        created.select(system_id=pl.lit(system_id, pl.Int64), value=name, customer_id="id").drop_nulls("value")
        for name, system_id in systems.items()
    ]
    nobody = pl.DataFrame(schema={"system_id": pl.Int64, "value": pl.String, "customer_id": pl.Int64})
    yield from store.add(created.drop(systems), pl.concat([nobody, *external_ids]))
    yield store.insert(table_of(Posting), postings.of_newcomers(created))


def changed(store: Store, frames: list[pl.DataFrame], moves: list[Move], orders: Orders) -> Iterator[Write]:
    """Fields of customers who were there, then the identifiers they got."""
    for frame in frames:
        fields = frame.rename({"customer": "id"})
        yield store.update(table_of(Customer), fields, ("id",))
        if (renamed := postings.of_renamed(fields)).height:
            yield store.insert_missing(table_of(Posting), renamed)
    systems = system_ids(orders)
    for column in (EMAIL, PHONE):
        got = [(move.customer, move.new) for move in moves if move.column == column and move.new is not None]
        if got:
            frame = pl.DataFrame(got, schema=["id", STORED_COLUMNS[column]], orient="row")
            yield store.update(table_of(Customer), frame, ("id",))
    gained = [
        (systems[move.column], move.new, move.customer)
        for move in moves
        if move.column in systems and move.new is not None
    ]
    if gained:
        frame = pl.DataFrame(gained, schema=["system_id", "value", "customer_id"], orient="row")
        yield store.insert(table_of(ExternalId), frame)


def members(store: Store, places: pl.DataFrame) -> Iterator[Write]:
    """Places in segment groups, as `Effect` has them; a customer whom the block creates had none before."""
    joins, leaves = pl.col("segment_id").is_not_null(), pl.col("segment_id").is_null()
    if (first := places.filter(joins & pl.col("newcomer"))).height:
        yield store.insert(table_of(SegmentMember), _placed(first))
    if (moved := places.filter(joins & ~pl.col("newcomer"))).height:
        yield store.upsert(table_of(SegmentMember), _placed(moved), ("customer_id", "group_id"))
    if (left := places.filter(leaves & ~pl.col("newcomer"))).height:
        yield store.delete(table_of(SegmentMember), _placed(left).drop("segment_id"))


def _placed(places: pl.DataFrame) -> pl.DataFrame:
    return places.select("group_id", "segment_id", customer_id="customer").sort("customer_id", "group_id")


# Feed, history and ledger


def feed(store: Store, acting: pl.DataFrame, first_id: int, orders: Orders) -> Iterator[Write]:
    """The action of each of the `acting` rows; ids from `first_id` on."""
    if acting.is_empty():
        return
    own = ("template_id", "touchpoint_id", "endpoint_id", "happened_at")
    yield store.insert(table_of(Action), _by_customer(acting, first_id, orders, *own), stamped="recorded_at")


def history(store: Store, changing: pl.DataFrame, first_id: int, orders: Orders) -> Iterator[Write]:
    """What each of the `changing` rows changed; ids from `first_id` on."""
    if changing.is_empty():
        return
    fields = pl.col("changes").alias("fields")
    yield store.insert(table_of(Change), _by_customer(changing, first_id, orders, fields), stamped="at")


def ledger(store: Store, rows: pl.DataFrame) -> Iterator[Write]:
    """What became of every row, as `Effect` has it."""
    yield store.insert(table_of(TaskRow), rows)


def outcomes(store: Store, rows: pl.DataFrame, orders: Orders) -> Iterator[Write]:
    """Which rows had which outcome."""
    yield store.insert(table_of(Posting), postings.of_rows(rows, orders.task_id))


def _by_customer(rows: pl.DataFrame, first_id: int, orders: Orders, *own: str | pl.Expr) -> pl.DataFrame:
    """Entries of customers' feeds or changes with their `own` columns; their ids follow the order of the file."""
    entries = rows.select("record", *own, customer_id="customer", task_id=pl.lit(orders.task_id)).sort("record")
    ids = pl.int_range(first_id, first_id + pl.len(), dtype=pl.Int64)
    return entries.with_columns(id=ids).sort("customer_id", maintain_order=True)
