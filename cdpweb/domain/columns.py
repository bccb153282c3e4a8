"""Columns of raw text, and what parsing one of them gives: values and the problems found on the way."""

from typing import NamedTuple

import polars as pl

PROBLEM_SCHEMA = {"index": pl.UInt32, "code": pl.String}


class Parsed(NamedTuple):
    """A parsed column.

    `values` is as long as the cells it came from, null where nothing valid stood.
    `problems` has one row per problem: `index` (position in the column, from 0) and `code` (a key of PROBLEMS).
    A problem does not imply a null value: some warnings tell of a repair.
    """

    values: pl.Series
    problems: pl.DataFrame


def columns_where(cells: pl.DataFrame, condition: pl.Expr) -> list[str]:
    """The columns of which some cell meets a `condition` on `pl.all()`."""
    return [column.name for column in cells.select(condition.any()) if column.any()]


def columns_with(cells: pl.DataFrame, character: str) -> list[str]:
    """The columns of which some cell has a `character`: each is looked through as one text, which is sooner done."""
    found = cells.select(pl.all().str.join("").str.contains(character, literal=True))
    return [column.name for column in found if column.any()]


def no_problems() -> pl.DataFrame:
    """An empty frame of problems."""
    return pl.DataFrame(schema=PROBLEM_SCHEMA)
