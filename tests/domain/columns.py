"""How the tests of columns look at what parsing gave."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from cdpweb.domain.columns import PROBLEM_SCHEMA, Parsed
from cdpweb.domain.problems import PROBLEMS, Severity

Reading = tuple[Any, tuple[str, ...]]


def cells(texts: Sequence[str | None]) -> pl.Series:
    """A column of raw cells."""
    return pl.Series("cells", texts, dtype=pl.String)


def readings(parsed: Parsed) -> list[Reading]:
    """Value and codes of every cell, after checking the shape of a parsed column."""
    assert dict(parsed.problems.schema) == PROBLEM_SCHEMA
    codes: list[list[str]] = [[] for _ in range(len(parsed.values))]
    for index, code in parsed.problems.iter_rows():
        assert PROBLEMS[code].severity is Severity.WARNING
        codes[index].append(code)
    return list(zip(parsed.values.to_list(), map(tuple, codes), strict=True))


def read(parse: Callable[[pl.Series], Parsed], *texts: str | None) -> list[Reading]:
    """What a column of these cells gives, cell by cell."""
    return readings(parse(cells(texts)))


def one(parse: Callable[[pl.Series], Parsed], text: str) -> Any:
    """What one cell gives: its value where there is no problem, the code where there is no value, else both."""
    [(value, codes)] = read(parse, text)
    if not codes:
        return value
    return codes[0] if value is None else (value, *codes)
