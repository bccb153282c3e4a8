"""What a block adds to the postings: customers by names and sources, rows by outcome."""

import polars as pl

from cdpweb.domain.tasks import Outcome
from cdpweb.models.postings import BUCKET_BITS, POSTED_COLUMNS, Posted, outcome_of

MOST_NUMBERS = 200
"""In one posting: longer texts would leave the pages of their table."""

WITHOUT_CUSTOMER = (Outcome.REJECTED, Outcome.BLANK)


def of_newcomers(customers: pl.DataFrame) -> pl.DataFrame:
    """The postings of customers by `id`, who have none yet, for those of POSTED_COLUMNS that the frame has."""
    return pl.concat([_NOTHING, *(_gathered(kind, values) for kind, values in _by_kind(customers))])


def of_renamed(customers: pl.DataFrame) -> pl.DataFrame:
    """The same of customers who may have been posted so before: one posting each.

    So a posting that is there already, by its key, has all that the new one would have.
    """
    alone = (
        _keyed(kind, values).with_columns(first="number", numbers=pl.col("number").cast(pl.String)).drop("number")
        for kind, values in _by_kind(customers)
    )
    return pl.concat([_NOTHING, *alone])


def of_rows(ledger: pl.DataFrame, task_id: int) -> pl.DataFrame:
    """The postings of rows with a customer, by `record` and `outcome`."""
    texts = {one.value: outcome_of(task_id, one) for one in Outcome if one not in WITHOUT_CUSTOMER}
    value = pl.col("outcome").replace_strict(texts, default=None, return_dtype=pl.String)
    values = ledger.select(value=value, number=pl.col("record").cast(pl.Int64)).drop_nulls()
    return _gathered(Posted.OUTCOME, values)


_NOTHING = pl.DataFrame(
    schema={"kind": pl.Int32, "bucket": pl.Int64, "value": pl.String, "first": pl.Int64, "numbers": pl.String}
)


def _by_kind(customers: pl.DataFrame) -> list[tuple[Posted, pl.DataFrame]]:
    return [
        (kind, customers.select(value=pl.col(column).cast(pl.String), number="id").drop_nulls())
        for kind, column in POSTED_COLUMNS.items()
        if column in customers.columns
    ]


def _keyed(kind: Posted, values: pl.DataFrame) -> pl.DataFrame:
    return values.select(
        pl.lit(kind.value, pl.Int32).alias("kind"),
        (pl.col("number") // 2**BUCKET_BITS).alias("bucket"),
        "value",
        "number",
    )


def _gathered(kind: Posted, values: pl.DataFrame) -> pl.DataFrame:
    """The postings of one kind, in the order of their key."""
    key, number = ("kind", "bucket", "value"), pl.col("number")
    groups = _keyed(kind, values.sort("number")).group_by(*key).agg("number").sort(*key)
    size = number.list.len()
    listed = groups.select("number", group=pl.int_range(pl.len()), start=size.cum_sum() - size).explode("number")
    part = (pl.int_range(pl.len()) - pl.col("start")) // MOST_NUMBERS
    parts = listed.group_by("group", part=part, maintain_order=True).agg("number")
    return parts.select(
        *(groups[name].gather(parts["group"]) for name in key),
        first=number.list.first(),
        numbers=number.cast(pl.List(pl.String)).list.join(","),
    )
