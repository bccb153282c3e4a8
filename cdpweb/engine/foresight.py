"""What can be decided of a block before its turn: while one block is written, most of the next one is decided.

Nearly all rows are plain (see `match`): what they do depends on what the database holds of their identifiers and of one
customer, and on no other row of the block. So they can be decided from what the database held a moment ago, if nobody
has written since, or nobody but our own last block. Rows that speak of what that one spoke of are decided anew in the
block's own turn, as are all that are not plain. Where anybody else has had a turn, the whole block is.
"""

from typing import NamedTuple

import polars as pl
from sqlalchemy import Connection, Engine

from cdpweb.engine.apply import Applied, apply
from cdpweb.engine.choices import creates_choices, with_choices
from cdpweb.engine.match import Matched, Move, match, match_plain
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Store, reading, turns_taken


class Effect(NamedTuple):
    """What rows of a block do: `applied` to customers, with all that is wrong with the rows; `moves` of identifiers."""

    applied: Applied
    moves: list[Move]


class Foreseen(NamedTuple):
    """The effect of the plain rows of a block, if nobody writes after the turn `after`.

    `rows`: those rows by `record`, their identifiers and `customer`, whom they create (negative) or speak of.
    """

    after: int
    rows: pl.DataFrame
    effect: Effect


class Trace(NamedTuple):
    """What a block has touched in its `turn`: `identifiers` by column, and `customers` who were there before."""

    turn: int
    identifiers: dict[str, pl.Series]
    customers: pl.Series


def foresee(engine: Engine, rows: pl.DataFrame, orders: Orders) -> Foreseen | None:
    """Decide the plain ones of the normalised `rows` ahead of their turn; None where deciding writes."""
    if creates_choices(orders):
        return None
    with reading(engine) as (connection, store):
        after = turns_taken(connection)
        plain, matched = match_plain(rows, orders, store)
        applied = apply(rows, matched, orders, store)
    return Foreseen(after, plain, _effect(matched, applied))


def effect_of(
    rows: pl.DataFrame,
    foreseen: Foreseen | None,
    last: Trace | None,
    turn: int,
    orders: Orders,
    store: Store,
    connection: Connection,
) -> Effect:
    """The effect of all `rows` in their `turn`, with as much of what was `foreseen` as still holds.

    `last`: what our block before this one has touched.
    """
    known = _still_true(foreseen, last, turn)
    if known is None:
        return _decided(rows, orders, store, connection)
    others = rows.join(known.rows, on="record", how="anti", maintain_order="left")
    return _together(known.effect, _decided(others, orders, store, connection))


def trace(rows: pl.DataFrame, effect: Effect, turn: int, orders: Orders) -> Trace:
    """What a block of these rows with this effect has touched."""
    released = {
        name: [move.old for move in effect.moves if move.column == name and move.old is not None]
        for name in orders.identifiers
    }
    identifiers = {
        name: pl.concat([rows[name].drop_nulls(), pl.Series(name, released[name], dtype=rows[name].dtype)])
        for name in orders.identifiers
    }
    moved = pl.Series([move.customer for move in effect.moves], dtype=pl.Int64)
    spoken = effect.applied.rows["customer"]
    return Trace(turn, identifiers, pl.concat([spoken.filter(spoken > 0), moved.rename("customer")]).unique())


def _decided(rows: pl.DataFrame, orders: Orders, store: Store, connection: Connection) -> Effect:
    matched = match(rows, orders, store)
    rows = with_choices(rows, matched.accepted["record"], connection, orders)
    applied = apply(rows, matched, orders, store)
    return _effect(matched, applied)


def _effect(matched: Matched, applied: Applied) -> Effect:
    problems = pl.concat([matched.problems, applied.problems])
    return Effect(applied._replace(problems=problems), matched.moves)


def _still_true(foreseen: Foreseen | None, last: Trace | None, turn: int) -> Foreseen | None:
    """What was foreseen without what has been touched since."""
    if foreseen is None or foreseen.after == turn - 1:
        return foreseen
    if last is None or not foreseen.after == last.turn - 1 == turn - 2:
        return None
    rows = foreseen.rows
    touched = rows.filter(
        pl.any_horizontal(
            pl.col("customer").is_in(last.customers.implode()),
            *(pl.col(name).is_in(values.implode()) for name, values in last.identifiers.items()),
        )
    )
    return _without(foreseen, touched) if touched.height else foreseen


def _without(foreseen: Foreseen, touched: pl.DataFrame) -> Foreseen:
    """The foreseen rows but those that have been touched: each has a customer of its own."""
    stays = ~pl.col("record").is_in(touched["record"].implode())
    is_others = ~pl.col("customer").is_in(touched["customer"].implode())
    applied, moves = foreseen.effect
    left = Applied(
        rows=applied.rows.filter(stays),
        created=applied.created.filter(is_others),
        changed=[changed.filter(is_others) for changed in applied.changed],
        members=applied.members.filter(is_others),
        problems=applied.problems.filter(stays),
    )
    return Foreseen(foreseen.after, foreseen.rows.filter(stays), Effect(left, moves))


def _together(one: Effect, other: Effect) -> Effect:
    """The effect of rows that have nothing to do with each other."""
    applied = Applied(
        rows=pl.concat([one.applied.rows, other.applied.rows]),
        created=pl.concat([one.applied.created, other.applied.created], how="diagonal"),
        changed=[frame for frame in one.applied.changed + other.applied.changed if frame.height],
        members=pl.concat([one.applied.members, other.applied.members]),
        problems=pl.concat([one.applied.problems, other.applied.problems]),
    )
    return Effect(applied, one.moves + other.moves)
