"""How a column is read: in one sweep where polars can decide, distinct cell by distinct cell where it cannot."""

from collections.abc import Callable
from typing import Any

import polars as pl

from cdpweb.domain.columns import PROBLEM_SCHEMA, Parsed, no_problems

Reading = tuple[Any, str | None]
"""What one cell gives: its value, or None, and the code of a problem, or None."""


def parsed(answers: pl.DataFrame) -> Parsed:
    """A parsed column from a frame with the columns `value` and `code`, one row per cell."""
    if answers["code"].null_count() == answers.height:
        return Parsed(answers["value"], no_problems())
    problems = answers.select(index=pl.int_range(pl.len(), dtype=pl.UInt32), code="code").filter(
        pl.col("code").is_not_null()
    )
    return Parsed(answers["value"], problems.cast(PROBLEM_SCHEMA))  # type: ignore[arg-type]


def settle(answers: pl.DataFrame, read: Callable[..., Reading], *context: str) -> pl.DataFrame:
    """`answers` (columns `cell`, `value`, `code`, `open`) with every open cell decided by `read`.

    `read` is called once for each distinct cell (and columns of `context`). Gives the columns `value` and `code`.
    """
    if not answers["open"].any():
        return answers.select("value", "code")
    keys = ["cell", *context]
    leftover = answers.filter("open").select(keys).unique()
    exact = _read_each(leftover, read, answers.schema["value"])
    joined = answers.join(exact, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return joined.select(value=pl.coalesce("value", "exact_value"), code=pl.coalesce("code", "exact_code"))


def read_each(cells: pl.Series, read: Callable[[str], Reading], dtype: pl.DataType | type[pl.DataType]) -> Parsed:
    """A column of which every distinct cell is decided by `read`."""
    exact = _read_each(cells.drop_nulls().unique().to_frame("cell"), read, dtype)
    answers = cells.to_frame("cell").join(exact, on="cell", how="left", maintain_order="left")
    return parsed(answers.select(value="exact_value", code="exact_code"))


def _read_each(
    leftover: pl.DataFrame, read: Callable[..., Reading], dtype: pl.DataType | type[pl.DataType]
) -> pl.DataFrame:
    readings = [read(*keys) for keys in leftover.iter_rows()]
    return leftover.with_columns(
        exact_value=pl.Series([value for value, _ in readings], dtype=dtype),
        exact_code=pl.Series([code for _, code in readings], dtype=pl.String),
    )
