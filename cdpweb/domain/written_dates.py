"""The grammar of written dates and times, and what their parts mean (rules §2.7)."""

import datetime as dt

import polars as pl

from cdpweb.domain.settings import DateOrder

_MIDNIGHT = dt.timedelta(0)

_DATE = r"(?<first>[0-9]{4}|[0-9]{1,2})(?<mark>[-./])(?<middle>[0-9]{1,2})(?<mark2>[-./])(?<last>[0-9]{4}|[0-9]{1,2})"
_CLOCK = r"(?<hour>[01]?[0-9]|2[0-3]):(?<minute>[0-5][0-9])(?::(?<second>[0-5][0-9])(?:\.(?<fraction>[0-9]{1,9}))?)?"
_HALF = r"(?:\s*(?<half>[AaPp])[Mm])?"
_AHEAD = r"(?<sign>[+-])(?<ahead_hours>[01][0-9]|2[0-3])(?::?(?<ahead_minutes>[0-5][0-9]))?"
_GRAMMAR = rf"^{_DATE}(?:(?:\s+|T){_CLOCK}{_HALF}(?:\s*(?:(?<zulu>Z)|{_AHEAD}))?)?$"


def parts(cells: pl.Series) -> pl.DataFrame:
    """The column `cell`, and as text the parts of what reads like a date, null elsewhere."""
    read = cells.alias("cell").to_frame().with_columns(parts=pl.col("cell").str.extract_groups(_GRAMMAR))
    return read.unnest("parts").with_columns(mark=pl.when(_is_date()).then("mark"))


def _is_date() -> pl.Expr:
    """Whether the year stands at one end, and the parts between equal marks."""
    year_first, last = _digits("first") == 4, _digits("last")
    return (pl.col("mark") == pl.col("mark2")) & ((year_first & (last <= 2)) | (~year_first & last.is_in([2, 4])))


def is_slashed() -> pl.Expr:
    """Whether the parts are a date of which the order of day and month must be known."""
    return (pl.col("mark") == "/") & (_digits("first") <= 2)


def day(order: DateOrder | None, latest: dt.date) -> pl.Expr:
    """The day (Date) that the parts name; null where there is none.

    Dates with slashes are read in `order`, and without one not at all. Two digits stand for the latest year of which
    the day does not lie after `latest`.
    """
    first, middle, last = pl.col("first"), pl.col("middle"), pl.col("last")
    year_first = _digits("first") == 4
    month_first = is_slashed() & pl.lit(order is DateOrder.MONTH_FIRST)
    year = pl.when(year_first).then(first).otherwise(last)
    month = pl.when(month_first).then(first).otherwise(middle)
    day = pl.when(year_first).then(last).when(month_first).then(middle).otherwise(first)

    century = latest.year // 100
    late, early = (_existing(pl.lit(str(hundreds)) + year, month, day) for hundreds in (century, century - 1))
    full = _existing(year, month, day)
    of_short_year = pl.when(late <= latest).then(late).otherwise(early)
    readable = pl.col("mark").is_not_null() & (~is_slashed() | pl.lit(order is not None))
    return pl.when(readable).then(pl.when(year.str.len_bytes() == 2).then(of_short_year).otherwise(full))


def _existing(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """The day if the calendar has it; 0001-01-01 and its like are how some systems write none."""
    iso = pl.concat_str(year, month.str.zfill(2), day.str.zfill(2), separator="-")
    return pl.when(~year.str.starts_with("00")).then(iso).str.to_date("%Y-%m-%d", strict=False)


def time() -> pl.Expr:
    """The time of day (Duration) that the parts name, milliseconds and no more: midnight where they name none.

    Null where the clock has no such time.
    """
    hour, half = pl.col("hour").cast(pl.Int64), pl.col("half").str.to_lowercase()
    of_24 = pl.when(half.is_null()).then(hour).when(hour.is_between(1, 12)).then(hour % 12 + 12 * (half == "p"))
    named = pl.duration(
        hours=of_24,
        minutes=pl.col("minute").cast(pl.Int64),
        seconds=pl.col("second").cast(pl.Int64).fill_null(0),
        milliseconds=pl.col("fraction").str.head(3).str.pad_end(3, "0").cast(pl.Int64).fill_null(0),
        time_unit="us",
    )
    return pl.when(hour.is_null()).then(pl.lit(_MIDNIGHT)).otherwise(named)


def offset() -> pl.Expr:
    """How far ahead of UTC the parts say the time is (Duration); null where they say nothing."""
    ahead = pl.duration(
        hours=pl.col("ahead_hours").cast(pl.Int64),
        minutes=pl.col("ahead_minutes").cast(pl.Int64).fill_null(0),
        time_unit="us",
    )
    signed = pl.when(pl.col("sign") == "-").then(-ahead).otherwise(ahead)
    return pl.when(pl.col("zulu").is_not_null()).then(pl.lit(_MIDNIGHT)).otherwise(signed)


def _digits(part: str) -> pl.Expr:
    return pl.col(part).str.len_bytes()
