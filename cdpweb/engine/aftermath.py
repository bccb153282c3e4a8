"""The database as it will be once a block has been committed that is still being written: for who decides the next."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from cdpweb.domain.fields import EMAIL, PHONE
from cdpweb.engine.decide import Effect
from cdpweb.engine.match import Move, system_ids
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Reads
from cdpweb.models.customers import STORED_COLUMNS


@dataclass(frozen=True, eq=False)
class Aftermath:
    """What a block leaves in its `turn`, of all that deciding reads: see `Effect`, whose ids here are final."""

    turn: int
    created: pl.DataFrame
    changed: list[pl.DataFrame]
    members: pl.DataFrame
    moves: list[Move]

    @classmethod
    def of(cls, turn: int, effect: Effect) -> "Aftermath":
        """What a block with this numbered effect leaves."""
        return cls(turn, effect.created, effect.changed, effect.members, effect.moves)


class Amended:
    """See `Reads`: what `store` shows, and over it the aftermath of a block that it does not show yet."""

    def __init__(self, store: Reads, after: Aftermath, orders: Orders) -> None:
        self._store, self._after = store, after
        self._systems = system_ids(orders)

    def owners(self, column: str, values: pl.Series) -> pl.DataFrame:
        """Who owns the values of an identifier column."""
        name = EMAIL if column == STORED_COLUMNS[EMAIL] else PHONE
        return self._owners(name, values, self._store.owners(column, values))

    def external_owners(self, system_id: int, values: pl.Series) -> pl.DataFrame:
        """Who owns the IDs of an external system."""
        (name,) = (name for name, one in self._systems.items() if one == system_id)
        return self._owners(name, values, self._store.external_owners(system_id, values))

    def known(self, ids: pl.Series, *, not_by_task: int) -> pl.DataFrame:
        """Which customer ids exist and were not created by this task: its own newcomers change nothing in that."""
        return self._store.known(ids, not_by_task=not_by_task)

    def _owners(self, name: str, values: pl.Series, found: pl.DataFrame) -> pl.DataFrame:
        passed = self._passed(name, found.schema)
        asked = passed.filter(pl.col("value").is_in(values.implode()))
        return pl.concat([found.join(asked, on="value", how="anti"), asked.drop_nulls()])

    def _passed(self, name: str, schema: pl.Schema) -> pl.DataFrame:
        """The values of an identifier that changed hands, and who owns them now, null for nobody."""
        moves = [move for move in self._after.moves if move.column == name]
        gained = pl.DataFrame(
            [(move.new, move.customer) for move in moves if move.new is not None], schema=schema, orient="row"
        )
        lost = pl.DataFrame([(move.old, None) for move in moves if move.old is not None], schema=schema, orient="row")
        brought = self._created(STORED_COLUMNS.get(name, name), schema)
        owned = pl.concat([gained, brought])
        return pl.concat([owned, lost.join(owned, on="value", how="anti")]) if lost.height else owned

    def _created(self, column: str, schema: pl.Schema) -> pl.DataFrame:
        """The values that newcomers have in a column."""
        created = self._after.created
        if column not in created.columns:
            return pl.DataFrame(schema=schema)
        return created.select(value=column, customer="id").drop_nulls()

    def customers(self, ids: pl.Series, columns: list[str]) -> pl.DataFrame:
        """The stored columns of customers."""
        stored, created = self._store.customers(ids, columns), self._after.created
        known = [name for name in stored.columns if name in created.columns]
        added = created.filter(pl.col("id").is_in(ids.implode())).select(known)
        amended = pl.concat([stored, added.cast({name: stored.schema[name] for name in known})], how="diagonal")
        for changed in self._changed():
            amended = _laid_over(amended, changed)
        return amended

    def _changed(self) -> Iterator[pl.DataFrame]:
        for changed in self._after.changed:
            yield changed.rename({"customer": "id"})
        for name, dtype in ((EMAIL, pl.String), (PHONE, pl.Int64)):
            moved = [(move.customer, move.new) for move in self._after.moves if move.column == name]
            yield pl.DataFrame(moved, schema={"id": pl.Int64, STORED_COLUMNS[name]: dtype}, orient="row")

    def external_ids(self, ids: pl.Series) -> pl.DataFrame:
        """All external IDs of customers."""
        found = self._store.external_ids(ids)
        moves = [
            (move.customer, self._systems[move.column], move.new)
            for move in self._after.moves
            if move.column in self._systems
        ]
        moved = pl.DataFrame(moves, schema=found.schema, orient="row")
        created = self._after.created
        brought = [
            created.select(customer="id", system_id=pl.lit(system_id, pl.Int64), value=name)
            for name, system_id in self._systems.items()
            if name in created.columns
        ]
        gained = pl.concat([moved, *brought]).drop_nulls().filter(pl.col("customer").is_in(ids.implode()))
        return pl.concat([found.join(moved, on=["customer", "system_id"], how="anti"), gained])

    def members(self, ids: pl.Series, group_ids: list[int]) -> pl.DataFrame:
        """The segments of customers in some groups."""
        found = self._store.members(ids, group_ids)
        asked = pl.col("customer").is_in(ids.implode()) & pl.col("group_id").is_in(group_ids)
        placed = self._after.members.select(found.columns).filter(asked)
        return pl.concat([found.join(placed, on=["customer", "group_id"], how="anti"), placed.drop_nulls()])


def _laid_over(stored: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """What is `stored`, with the columns that `changed` has too as they are there, for the ids that it has."""
    names = [name for name in stored.columns if name in changed.columns and name != "id"]
    if not names:
        return stored
    fresh = changed.select("id", *(pl.col(name).alias(f"new:{name}") for name in names), is_new=pl.lit(True))
    joined = stored.join(fresh, on="id", how="left", maintain_order="left")
    return joined.with_columns(
        pl.when("is_new").then(f"new:{name}").otherwise(name).alias(name) for name in names
    ).select(stored.columns)
