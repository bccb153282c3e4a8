"""What a block adds to the postings: customers by names and sources, rows by outcome."""

from collections.abc import Iterable

import polars as pl

from cdpweb.domain.tasks import Outcome
from cdpweb.models.postings import BUCKET_BITS, POSTED_COLUMNS, Posted, outcome_of

MOST_NUMBERS = 200
"""In one posting: longer texts would leave the pages of their table."""

WITHOUT_CUSTOMER = (Outcome.REJECTED, Outcome.BLANK)


def of_customers(customers: pl.DataFrame) -> pl.DataFrame:
    """The postings of customers by `id`, for those of POSTED_COLUMNS that the frame has."""
    return _gathered(
        _listed(kind, customers.select(value=pl.col(column).cast(pl.String), number="id"))
        for kind, column in POSTED_COLUMNS.items()
        if column in customers.columns
    )


def of_rows(ledger: pl.DataFrame, task_id: int) -> pl.DataFrame:
    """The postings of rows with a customer, by `record` and `outcome`."""
    values = {one.value: outcome_of(task_id, one) for one in Outcome if one not in WITHOUT_CUSTOMER}
    value = pl.col("outcome").replace_strict(values, default=None, return_dtype=pl.String)
    return _gathered([_listed(Posted.OUTCOME, ledger.select(value=value, number=pl.col("record").cast(pl.Int64)))])


def _listed(kind: Posted, values: pl.DataFrame) -> pl.DataFrame:
    return values.drop_nulls().select(pl.lit(kind.value, pl.Int32).alias("kind"), "value", "number")


def _gathered(listed: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The rows of `postings` for kinds, values and numbers, in the order of the key."""
    nothing = pl.DataFrame(schema={"kind": pl.Int32, "value": pl.String, "number": pl.Int64})
    key = ("kind", "value", "bucket")
    numbers = pl.concat([nothing, *listed]).with_columns(bucket=pl.col("number") // 2**BUCKET_BITS)
    numbers = numbers.sort(*key, "number").with_columns(place=pl.int_range(pl.len()).over(key) // MOST_NUMBERS)
    grouped = numbers.group_by(*key, "place", maintain_order=True)
    together = grouped.agg(first=pl.col("number").first(), numbers=pl.col("number").cast(pl.String).str.join(","))
    return together.drop("place")
