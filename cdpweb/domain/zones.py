"""Local time becomes UTC (rules §2.7)."""

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl


def offsets(local: pl.Series, zone: str) -> pl.Series:
    """How far each local time (Datetime) of the IANA `zone` is ahead of UTC (Duration).

    An ambiguous time is the earlier of its two; a missing one counts from before the gap, and so is moved on by it.
    Both is what zoneinfo answers for `fold=0` (PEP 495). It alone is asked: polars carries another edition of the
    time zone database. One answer does for all times of a day on which the clocks stand still.
    """
    rules = ZoneInfo(zone)
    midnight = local.dt.truncate("1d")
    restless = [day for day in midnight.unique().drop_nulls() if not _clocks_stand_still(day, rules)]
    asked = pl.select(moment=pl.when(midnight.is_in(restless)).then(local).otherwise(midnight))
    moments = asked["moment"].unique().drop_nulls()
    answers = pl.Series("offset", [rules.utcoffset(moment) for moment in moments], dtype=pl.Duration("us"))
    return asked.join(pl.DataFrame([moments, answers]), on="moment", how="left", maintain_order="left")["offset"]


def _clocks_stand_still(midnight: dt.datetime, rules: ZoneInfo) -> bool:
    if midnight.date() == dt.date.max:
        return False
    return rules.utcoffset(midnight) == rules.utcoffset(midnight + dt.timedelta(days=1))
