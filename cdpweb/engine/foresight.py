"""What can be decided of a block before its turn: while one block is written, the next one is decided.

What a row does depends on what the database holds of its identifiers and of their owners, and on the rows of the block
that speak of the same. So a block can be decided from what the database held a moment ago, if nobody has written since,
or nobody but our own last block: what speaks of anything that that one spoke of is decided anew in the block's turn,
with all that is bound to it. Where anybody else has had a turn, the whole block is.
"""

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl
from sqlalchemy import Connection

from cdpweb.engine.apply import Applied, apply
from cdpweb.engine.choices import creates_choices, with_choices
from cdpweb.engine.match import Matched, Move, match, owner_column
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Store, store_for, turns_taken


class Effect(NamedTuple):
    """What rows of a block do: `applied` to customers, with all that is wrong with the rows; `moves` of identifiers."""

    applied: Applied
    moves: list[Move]


class Foreseen(NamedTuple):
    """The effect of a block if nobody writes after the turn `after`; `spoken`: see `Matched`."""

    after: int
    spoken: pl.DataFrame
    effect: Effect


class Trace(NamedTuple):
    """What a block has touched in its `turn`: `identifiers` by column, and `customers` who were there before."""

    turn: int
    identifiers: dict[str, pl.Series]
    customers: pl.Series


def foresee(connection: Connection, rows: pl.DataFrame, orders: Orders) -> Foreseen | None:
    """Decide the normalised `rows` ahead of their turn, on a `stores.reader`; None where deciding writes."""
    if creates_choices(orders):
        return None
    with connection.begin():
        after, store = turns_taken(connection), store_for(connection)
        matched = match(rows, orders, store)
        applied = apply(rows, matched, orders, store)
    return Foreseen(after, matched.spoken, _effect(matched, applied))


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
    others = rows.join(known.spoken, on="record", how="anti", maintain_order="left")
    if others.is_empty():
        return known.effect
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
    spoken = foreseen.spoken
    touched = spoken.filter(
        pl.any_horizontal(
            pl.lit(False),
            *(
                pl.col(column).is_in(values.implode())
                for name, identifiers in last.identifiers.items()
                for column, values in ((name, identifiers), (owner_column(name), last.customers))
            ),
        )
    )
    return _without(foreseen, touched["bond"], last.identifiers) if touched.height else foreseen


def _without(foreseen: Foreseen, bonds: pl.Series, names: Iterable[str]) -> Foreseen:
    """What was foreseen, but of the rows with these bonds and of whom they speak by the identifiers `names`."""
    is_bound = pl.col("bond").is_in(bonds.implode())
    bound = foreseen.spoken.filter(is_bound)
    records = bound["record"]
    owners = (bound[owner_column(name)].drop_nulls().rename("record") for name in names)
    customers = pl.concat([-records.cast(pl.Int64), *owners]).unique()
    stays = ~pl.col("record").is_in(records.implode())
    is_others = ~pl.col("customer").is_in(customers.implode())
    applied, moves = foreseen.effect
    left = Applied(
        rows=applied.rows.filter(stays),
        created=applied.created.filter(is_others),
        changed=[changed.filter(is_others) for changed in applied.changed],
        members=applied.members.filter(is_others),
        problems=applied.problems.filter(stays),
    )
    gone = set(customers)
    kept = [move for move in moves if move.customer not in gone]
    return Foreseen(foreseen.after, foreseen.spoken.filter(~is_bound), Effect(left, kept))


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
