"""What a block adds to the postings: customers by names and sources, rows by outcome."""

import polars as pl

from cdpweb.domain.tasks import Outcome
from cdpweb.models.postings import BUCKET_BITS, POSTED_COLUMNS, Posted, outcome_of

KEY = ("kind", "bucket", "value")
"""Of a posting, with its first number."""

MOST_NUMBERS = 200
"""In one posting: longer texts would leave the pages of their table."""

WITHOUT_CUSTOMER = (Outcome.REJECTED, Outcome.BLANK)


def of_newcomers(customers: pl.DataFrame) -> pl.DataFrame:
    """The postings of customers by `id`, who have none yet, for those of POSTED_COLUMNS that the frame has."""
    return _gathered(_named(customers.sort("id")))


def of_renamed(customers: pl.DataFrame) -> pl.DataFrame:
    """The same of customers who may have been posted so before: one posting each.

    So a posting that is there already, by its key, has all that the new one would have.
    """
    return _named(customers).select(*KEY, first="number", numbers=pl.col("number").cast(pl.String))


def of_rows(ledger: pl.DataFrame, task_id: int) -> pl.DataFrame:
    """The postings of rows with a customer, by `record` and `outcome`."""
    texts = {one.value: outcome_of(task_id, one) for one in Outcome if one not in WITHOUT_CUSTOMER}
    value = pl.col("outcome").replace_strict(texts, default=None, return_dtype=pl.String)
    rows = ledger.select(value=value, number=pl.col("record").cast(pl.Int64)).sort("number")
    return _gathered(_keyed(rows.with_columns(kind=pl.lit(Posted.OUTCOME.value))))


def _named(customers: pl.DataFrame) -> pl.DataFrame:
    """A row for each value that is posted of each customer, as `_keyed` gives them."""
    values = customers.select(
        pl.col("id").alias("number"),
        *(
            pl.col(column).cast(pl.String).alias(str(kind.value))
            for kind, column in POSTED_COLUMNS.items()
            if column in customers.columns
        ),
    )
    return _keyed(values.unpivot(index="number", variable_name="kind"))


def _keyed(values: pl.DataFrame) -> pl.DataFrame:
    """What there is of `kind`, `value` and `number`, with the bucket."""
    return values.drop_nulls("value").select(
        pl.col("kind").cast(pl.Int32),
        pl.col("value").cast(pl.String),
        "number",
        bucket=pl.col("number") // 2**BUCKET_BITS,
    )


def _gathered(keyed: pl.DataFrame) -> pl.DataFrame:
    """The postings, in the order of their key, of rows in the order of their numbers."""
    number = pl.col("number")
    groups = keyed.group_by(*KEY).agg("number").sort(*KEY)
    size = number.list.len()
    listed = groups.select("number", group=pl.int_range(pl.len()), start=size.cum_sum() - size).explode("number")
    part = (pl.int_range(pl.len()) - pl.col("start")) // MOST_NUMBERS
    parts = listed.group_by("group", part=part, maintain_order=True).agg("number")
    return parts.select(
        *(groups[name].gather(parts["group"]) for name in KEY),
        first=number.list.first(),
        numbers=number.cast(pl.List(pl.String)).list.join(","),
    )
