"""Which of day and month stands first in a column's dates with slashes (rules §2.7)."""

from dataclasses import dataclass

import polars as pl

from cdpweb.domain.settings import DateOrder
from cdpweb.domain.spreadsheets import without_apostrophe
from cdpweb.domain.written_dates import is_slashed, parts

MAX_SAMPLES = 3
"""How many undecided cells a question shows."""


@dataclass(frozen=True)
class DayMonthEvidence:
    """What a column's dates with slashes say; blocks of a column are added up.

    Dates that only one order can read are counted in `day_first` or `month_first`, dates that the two orders read
    differently in `undecided`, with the first of them as `samples`. 05/05/2026 proves nothing and asks nothing.
    """

    day_first: int = 0
    month_first: int = 0
    undecided: int = 0
    samples: tuple[str, ...] = ()

    def __add__(self, other: "DayMonthEvidence") -> "DayMonthEvidence":
        return DayMonthEvidence(
            self.day_first + other.day_first,
            self.month_first + other.month_first,
            self.undecided + other.undecided,
            tuple(dict.fromkeys(self.samples + other.samples))[:MAX_SAMPLES],
        )


def evidence(cells: pl.Series) -> DayMonthEvidence:
    """What these cells, or the parts of multi-valued ones, say."""
    slashed = cells.filter(cells.str.contains("/", literal=True))
    if slashed.is_empty():
        return DayMonthEvidence()
    single = slashed.str.split("|").explode(empty_as_null=True).str.strip_chars()
    first, middle = pl.col("first").cast(pl.Int64), pl.col("middle").cast(pl.Int64)
    seen = (
        parts(without_apostrophe(single))
        .filter(is_slashed())
        .select(
            "cell",
            day_first=first.is_between(13, 31) & middle.is_between(1, 12),
            month_first=first.is_between(1, 12) & middle.is_between(13, 31),
            undecided=first.is_between(1, 12) & middle.is_between(1, 12) & (first != middle),
        )
    )
    samples = seen.filter("undecided")["cell"].unique(maintain_order=True).head(MAX_SAMPLES)
    day_first, month_first, undecided = seen.select(pl.exclude("cell").sum()).row(0)
    return DayMonthEvidence(day_first, month_first, undecided, tuple(samples))


def order_of(evidence: DayMonthEvidence, chosen: DateOrder | None) -> DateOrder | None:
    """How a column's dates with slashes are read; None where a person must say.

    What a person has `chosen` beats proof, and the commoner proof beats the rarer. Proofs in equal number decide
    nothing; where nothing needs a decision, day first is as good as the other.
    """
    if chosen:
        return chosen
    if evidence.day_first != evidence.month_first:
        return DateOrder.DAY_FIRST if evidence.day_first > evidence.month_first else DateOrder.MONTH_FIRST
    return None if evidence.undecided else DateOrder.DAY_FIRST
