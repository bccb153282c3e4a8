"""Rows of a driver's cursor become a frame, a slice at a time: as Python tuples they weigh ten times as much."""

from typing import Any, TypeAlias

import polars as pl

SLICE_ROWS = 5_000
"""Rows that are Python tuples at a time: keeps memory flat at no cost in speed."""

Schema: TypeAlias = dict[str, pl.DataType]


def fetched(cursor: Any, schema: Schema) -> pl.DataFrame:
    """All rows of a DB-API `cursor`, whose columns are those of the `schema`, in its order."""
    slices = [pl.DataFrame(schema=schema)]
    while rows := cursor.fetchmany(SLICE_ROWS):
        columns = zip(schema.items(), zip(*rows, strict=True), strict=True)
        slices.append(pl.DataFrame([pl.Series(name, values, dtype=dtype) for (name, dtype), values in columns]))
    return pl.concat(slices)
