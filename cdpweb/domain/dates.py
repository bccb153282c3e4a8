"""Columns of dates and moments (rules §2.7, §2.10)."""

import datetime as dt

import polars as pl

from cdpweb.domain.cells import parsed
from cdpweb.domain.columns import Parsed
from cdpweb.domain.day_month import DayMonthEvidence, evidence, order_of
from cdpweb.domain.settings import DateOrder
from cdpweb.domain.spreadsheets import HASH_SIGNS, is_date_serial, without_apostrophe
from cdpweb.domain.written_dates import day, offset, parts, time
from cdpweb.domain.zones import offsets

__all__ = ["DayMonthEvidence", "birth_date", "date", "evidence", "moment", "moment_text", "order_of"]

MAX_AHEAD = dt.timedelta(minutes=5)
"""How far the clock of another system may be ahead of ours."""

_EARLIEST_BELIEVED = dt.datetime(1900, 1, 1)
_EARLIEST, _LATEST = dt.datetime.min, dt.datetime.max
_LATEST_OF_SHORT_YEAR = dt.date(2069, 12, 31)
_ISO_DATE = "^(?:0[1-9]|[1-9][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$"


def birth_date(cells: pl.Series, order: DateOrder | None, today: dt.date) -> Parsed:
    """Birth dates (Date), all before `today`; two digits stand for the latest such year."""
    yesterday = today - dt.timedelta(days=1)
    return _judged(_days(cells, order, yesterday), pl.col("found") <= yesterday, "date_invalid")


def date(cells: pl.Series, order: DateOrder | None) -> Parsed:
    """Dates as ISO text (String); two digits stand for a year from 1970 to 2069."""
    dates = _judged(_days(cells, order, _LATEST_OF_SHORT_YEAR), pl.lit(True), "date_invalid")
    return Parsed(dates.values.dt.strftime("%Y-%m-%d"), dates.problems)


def moment(cells: pl.Series, order: DateOrder | None, zone: str, now: dt.datetime | None = None) -> Parsed:
    """Moments as naive UTC (Datetime in microseconds, of which whole milliseconds are used).

    Times without an offset are local to the IANA `zone`. With `now` (UTC) nothing before 1900 is believed, and
    nothing more than five minutes ahead.
    """
    said = _timed(without_apostrophe(cells), order, _LATEST_OF_SHORT_YEAR)
    silent = said.select(pl.when(pl.col("offset").is_null()).then("local")).to_series()
    found = said.select("cell", found=pl.col("local") - pl.coalesce("offset", offsets(silent, zone)))
    earliest = _EARLIEST_BELIEVED if now else _EARLIEST
    latest = now.replace(tzinfo=None) + MAX_AHEAD if now else _LATEST
    return _judged(found, pl.col("found").is_between(earliest, latest), "time_invalid")


def moment_text(values: pl.Series) -> pl.Series:
    """Moments as custom fields keep them: 2026-05-31T14:30:00.000+00:00."""
    return values.dt.strftime("%Y-%m-%dT%H:%M:%S%.3f+00:00")


def _judged(read: pl.DataFrame, within: pl.Expr, invalid: str) -> Parsed:
    """What was `found` in each `cell`, where it lies `within` its bounds; a problem everywhere else."""
    cell, found = pl.col("cell"), pl.col("found")
    code = (
        pl.when(found.is_not_null() & ~within)
        .then(pl.lit("date_out_of_range"))
        .when(found.is_not_null() | cell.is_null())
        .then(None)
        .when(cell.str.contains(HASH_SIGNS))
        .then(pl.lit("hash_signs"))
        .when(is_date_serial(cell))
        .then(pl.lit("date_serial"))
        .otherwise(pl.lit(invalid))
    )
    return parsed(read.select(value=pl.when(within).then(found), code=code))


def _days(cells: pl.Series, order: DateOrder | None, latest: dt.date) -> pl.DataFrame:
    """The columns `cell` and `found` (Date) of dates, with no time of day but midnight.

    Another time is not cut off: 1980-05-30T22:00Z may well be a 31 May where it was written.
    """
    cell, local = pl.col("cell"), pl.col("local")
    iso = pl.when(cell.str.contains(_ISO_DATE)).then(cell).str.to_date("%Y-%m-%d", strict=False)
    days = without_apostrophe(cells).to_frame("cell").with_columns(found=iso)
    others = (days["cell"].is_not_null() & days["found"].is_null()).arg_true()
    if others.is_empty():
        return days
    read = _timed(days["cell"].gather(others), order, latest)
    found = read.select(pl.when(local.dt.truncate("1d") == local).then(local.cast(pl.Date))).to_series()
    return days.with_columns(days["found"].scatter(others, found))


def _timed(cells: pl.Series, order: DateOrder | None, latest: dt.date) -> pl.DataFrame:
    """The columns `cell`, `local` (Datetime) and `offset` (Duration, null where none is written)."""
    local = day(order, latest).cast(pl.Datetime("us")) + time()
    return parts(cells).select("cell", local=local, offset=offset())
