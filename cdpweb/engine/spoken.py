"""The identifiers of which a file has spoken so far. Where it began with no customers, nobody else's can have an owner.

A first import is the largest one that most bases ever see, and all that it asks about is new. What it has not spoken of
before need not be looked up, as long as nobody else writes: their turns would be missing in the count.
"""

import polars as pl
from sqlalchemy import Connection, select

from cdpweb.engine.stores import Reads, turns_taken
from cdpweb.models import Customer

MOST = 2_000_000
"""Identifiers of a kind that are kept, in four bytes each; a file that speaks of more looks all of the next ones up."""


class Spoken:
    """Keeps a fingerprint of each identifier. `since`: the number of the last turn before the first block."""

    def __init__(self, since: int) -> None:
        self._since = since
        self._blocks = 0
        self._kept: dict[str, pl.Series] = {}

    def among(self, store: Reads, turn: int) -> Reads:
        """What shows the next block who owns what, like the `store`; `turn` is the last one before it that counts.

        To be called once for each block, in their order.
        """
        is_complete = turn == self._since + self._blocks
        self._blocks += 1
        return _Among(store, self, is_complete)

    def known(self, kind: str, values: pl.Series) -> pl.Series:
        """Those of the `values` of which a block before has spoken, and a few more; this one has now."""
        prints = (values.hash() // 2**32).cast(pl.UInt32)
        kept = self._kept.get(kind, pl.Series(dtype=pl.UInt32))
        if len(kept) > MOST:
            return values
        known = values.filter(prints.is_in(kept.filter(kept.is_in(prints.implode())).implode()))
        self._kept[kind] = kept.append(prints.filter(values.is_not_null()))
        return known


def nobody_there(connection: Connection) -> Spoken | None:
    """What a file that begins now has spoken of; None where there are customers already. On a `stores.reader`."""
    with connection.begin():
        turns = turns_taken(connection)
        somebody = connection.execute(select(Customer.id).limit(1)).first()
    return None if somebody else Spoken(turns)


class _Among:
    """See `Reads`: what `store` shows, which is asked only for owners that there can be."""

    def __init__(self, store: Reads, spoken: Spoken, is_complete: bool) -> None:
        self._store, self._spoken, self._is_complete = store, spoken, is_complete
        self.known, self.customers, self.external_ids, self.members = (
            store.known, store.customers, store.external_ids, store.members
        )  # fmt: skip

    def owners(self, column: str, values: pl.Series) -> pl.DataFrame:
        """Who owns the values of an identifier column."""
        return self._store.owners(column, self._possible(column, values))

    def external_owners(self, system_id: int, values: pl.Series) -> pl.DataFrame:
        """Who owns the IDs of an external system."""
        return self._store.external_owners(system_id, self._possible(f"system {system_id}", values))

    def _possible(self, kind: str, values: pl.Series) -> pl.Series:
        known = self._spoken.known(kind, values)  # noted even where it is of no use: the next block may be complete
        return known if self._is_complete else values
