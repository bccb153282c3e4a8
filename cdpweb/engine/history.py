"""The history of fields within a block: their values after each row, found for all customers at once (rules §2.1, 2.2).

The rows of a block stand by customer and, within a customer, in the order of the file. What a field holds after a row
is then the last thing said of it since the customer's first row, or else what was stored: a scan over one column. The
columns of all fields are scanned together, for each scan by itself would cost as much as one of a small block does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from cdpweb.domain.settings import WriteMode


class Telling(NamedTuple):
    """What the rows tell of one field.

    `stored` is what the customer held before the block, `value` what the row says (null: nothing), `erase` where it
    erases. `reset` marks rows that wipe the field before they say anything, whatever the mode.
    """

    stored: pl.Series
    value: pl.Series
    erase: pl.Series | None = None
    mode: WriteMode = WriteMode.OVERWRITE
    reset: pl.Series | None = None


@dataclass(frozen=True)
class History:
    """The rows of a block by customer.

    `rows`: `row` (its number), `first` (whether it is the customer's first one), `opened` (the number of that one),
    `made` (whether that one creates him).
    """

    rows: pl.DataFrame

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "History":
        """The history of rows sorted by `customer` and `record`."""
        first = (pl.col("customer") != pl.col("customer").shift(1)).fill_null(True)
        opened = pl.when(first).then(pl.int_range(pl.len())).forward_fill()
        made = pl.col("created").gather(opened)
        return cls(rows.select(row=pl.int_range(pl.len()), first=first, opened=opened, made=made))

    def after(self, tellings: Sequence[Telling]) -> list[pl.Series]:
        """Each field after each row."""
        columns, after = list[pl.Series](), list[pl.Expr]()
        for number, telling in enumerate(tellings):
            own = {
                f"{name}:{number}": series
                for name, series in telling._asdict().items()
                if isinstance(series, pl.Series)
            }
            columns += [series.alias(name) for name, series in own.items()]
            after.append(_Scan(number, telling).after().alias(str(number)))
        return self.rows.hstack(columns).select(after).get_columns()

    def before(self, pairs: Sequence[tuple[pl.Series, pl.Series]]) -> list[pl.Series]:
        """Each field before each row, by what was `stored` of it and what it is `after` each row."""
        columns = [
            series.alias(f"{name}:{number}")
            for number, pair in enumerate(pairs)
            for name, series in zip(("stored", "after"), pair, strict=True)
        ]
        return (
            self.rows.hstack(columns)
            .select(
                pl.when("first")
                .then(f"stored:{number}")
                .otherwise(pl.col(f"after:{number}").shift(1))
                .alias(str(number))
                for number in range(len(pairs))
            )
            .get_columns()
        )


class _Scan:
    """The scan of one field, whose columns have its number."""

    def __init__(self, number: int, telling: Telling) -> None:
        self.mode = telling.mode
        self.value, self.stored = pl.col(f"value:{number}"), pl.col(f"stored:{number}")
        self.erase = pl.lit(False) if telling.erase is None else pl.col(f"erase:{number}")
        self.since, self.made = pl.col("opened"), pl.col("made")
        if telling.reset is not None:
            reset = pl.col(f"reset:{number}")
            self.since = pl.when(pl.col("first") | reset).then("row").forward_fill()
            was_wiped = reset.gather(self.since)
            self.stored, self.made = pl.when(~was_wiped).then(self.stored), self.made & ~was_wiped

    def after(self) -> pl.Expr:
        """The field after each row, in its mode."""
        match self.mode:
            case WriteMode.OVERWRITE:
                return self._last(self.value.is_not_null() | self.erase)
            case WriteMode.FILL:
                return self._filled()
            case WriteMode.NEVER:
                return pl.when(self.made).then(self.value.gather(self.since)).otherwise(self.stored)

    def _last(self, speaks: pl.Expr) -> pl.Expr:
        """The value of the last row that speaks, since the customer's first row or the last wipe; else the stored."""
        at = pl.when(speaks).then("row").forward_fill()
        return pl.when(at >= self.since).then(self.value.gather(at.fill_null(0))).otherwise(self.stored)

    def _filled(self) -> pl.Expr:
        """The stored value, or the first that a row says."""
        speaks = self.value.is_not_null()
        said = speaks.cum_sum()
        earlier = (said - speaks).gather(self.since)
        return pl.coalesce(self.stored, self._last(speaks & (said - earlier == 1)))
