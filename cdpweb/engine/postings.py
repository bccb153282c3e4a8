"""What a block adds to the inverted index of names."""

import polars as pl

from cdpweb.models.customers import BUCKET_BITS, NAME_COLUMNS

MOST_IDS = 200
"""In one posting: longer texts would leave the pages of their table."""


def postings(customers: pl.DataFrame) -> pl.DataFrame:
    """The rows of `name_postings` for customers by `id` and their names, in the order of the key."""
    nobody = pl.DataFrame(schema={"part": pl.Int32, "name": pl.String, "id": pl.Int64})
    named = [
        customers.select(pl.lit(part, pl.Int32).alias("part"), pl.col(column).alias("name"), "id")
        for part, column in enumerate(NAME_COLUMNS)
        if column in customers.columns
    ]
    key = ("part", "name", "bucket")
    listed = pl.concat([nobody, *named]).drop_nulls().with_columns(bucket=pl.col("id") // 2**BUCKET_BITS)
    listed = listed.sort(*key, "id").with_columns(place=pl.int_range(pl.len()).over(key) // MOST_IDS)
    grouped = listed.group_by(*key, "place", maintain_order=True)
    together = grouped.agg(first_id=pl.col("id").first(), ids=pl.col("id").cast(pl.String).str.join(","))
    return together.drop("place")
