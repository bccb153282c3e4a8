"""The history of a field within a block: its value after each row, found for all customers at once (rules §2.1, §2.2).

The rows of a block stand by customer and, within a customer, in the order of the file. What a field holds after a row
is then the last thing said of it since the customer's first row, or else what was stored: a scan over one column.
"""

from dataclasses import dataclass

import polars as pl

from cdpweb.domain.settings import WriteMode


@dataclass(frozen=True)
class History:
    """The rows of a block by customer. `first`: his first row of the block; `created`: the row that creates him."""

    first: pl.Series
    created: pl.Series

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "History":
        """The history of rows sorted by `customer` and `record`."""
        customer = rows["customer"]
        return cls((customer != customer.shift(1)).fill_null(True), rows["created"])

    def after(
        self,
        stored: pl.Series,
        value: pl.Series,
        erase: pl.Series,
        mode: WriteMode = WriteMode.OVERWRITE,
        reset: pl.Series | None = None,
    ) -> pl.Series:
        """The field after each row.

        `stored` is what the customer held before the block, `value` what the row says (null: nothing), `erase` where
        it erases. `reset` marks rows that wipe the field before they say anything, whatever the mode.
        """
        frame = pl.DataFrame({"stored": stored, "value": value, "erase": erase, "first": self.first})
        frame = frame.with_columns(
            wiped=pl.lit(False) if reset is None else reset, made=self.created, row=pl.int_range(pl.len())
        )
        since = pl.when(pl.col("first") | pl.col("wiped")).then("row").forward_fill()
        opened = pl.when("first").then("row").forward_fill()
        frame = frame.with_columns(since=since, made=pl.col("made").gather(opened)).with_columns(
            stored=pl.when(~pl.col("wiped").gather("since")).then("stored")
        )
        match mode:
            case WriteMode.OVERWRITE:
                return _last(frame, pl.col("value").is_not_null() | pl.col("erase"))
            case WriteMode.FILL:
                return _fill(frame)
            case WriteMode.NEVER:
                return frame.select(
                    pl.when(pl.col("made") & ~pl.col("wiped").gather("since"))
                    .then(pl.col("value").gather("since"))
                    .otherwise("stored")
                ).to_series()

    def before(self, stored: pl.Series, after: pl.Series) -> pl.Series:
        """The field before each row."""
        return pl.select(pl.when(self.first).then(stored).otherwise(after.shift(1))).to_series()


def _last(frame: pl.DataFrame, speaks: pl.Expr) -> pl.Series:
    """The value of the last row that speaks, since the customer's first row or the last wipe; else what was stored."""
    at = pl.when(speaks).then("row").forward_fill()
    said = at >= pl.col("since")
    return frame.select(pl.when(said).then(pl.col("value").gather(at.fill_null(0))).otherwise("stored")).to_series()


def _fill(frame: pl.DataFrame) -> pl.Series:
    """The stored value, or the first that a row says."""
    said = pl.col("value").is_not_null().cum_sum()
    earlier = (said - pl.col("value").is_not_null()).gather("since")
    filled = _last(frame, pl.col("value").is_not_null() & (said - earlier == 1))
    return pl.select(pl.coalesce(frame["stored"], filled)).to_series()
