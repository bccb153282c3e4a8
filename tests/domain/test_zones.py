"""Local time becomes UTC (rules 2.7)."""

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cdpweb.domain.zones import offsets

ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia",
     "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Monrovia", "America/Goose_Bay", "Pacific/Kwajalein"]
)  # fmt: skip


def column(*local: dt.datetime | None) -> pl.Series:
    return pl.Series("local", local, dtype=pl.Datetime("us"))


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Europe/Berlin", "2026-01-31 14:30", "2026-01-31 13:30"),
        ("Europe/Berlin", "2026-05-31 14:30", "2026-05-31 12:30"),
        # Between 2:00 and 3:00 the clock is turned back: 2:30 is there twice.
        ("Europe/Berlin", "2026-10-25 01:59", "2026-10-24 23:59"),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30"),
        ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00"),
        # From 2:00 to 3:00 the clock is put on: 2:30 is 3:30.
        ("Europe/Berlin", "2026-03-29 01:59", "2026-03-29 00:59"),
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:30"),
        ("Europe/Berlin", "2026-03-29 03:30", "2026-03-29 01:30"),
        # Midnight itself is missing, or there twice, on the day before.
        ("Africa/Cairo", "2026-04-24 00:00", "2026-04-23 22:00"),
        ("Africa/Cairo", "2026-04-24 00:30", "2026-04-23 22:30"),
        ("Africa/Cairo", "2026-10-29 23:30", "2026-10-29 20:30"),
        ("Africa/Cairo", "2026-10-30 00:00", "2026-10-29 22:00"),
        # Samoa left out a whole day.
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 22:00"),
        ("Pacific/Apia", "2011-12-31 12:00", "2011-12-30 22:00"),
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:45"),
        ("America/New_York", "2150-07-01 12:00", "2150-07-01 16:00"),
        ("Europe/Berlin", "1880-01-01 12:00", "1880-01-01 11:06:32"),
    ],
)
def test_local_times(zone: str, local: str, utc: str) -> None:
    """rules 2.7: an ambiguous local time is the earlier, a missing one is moved on by the gap."""
    moments = column(dt.datetime.fromisoformat(local))
    assert (moments - offsets(moments, zone)).to_list() == [dt.datetime.fromisoformat(utc)]


NEAR_A_CHANGE = st.builds(
    lambda day, minutes: day + dt.timedelta(minutes=minutes),
    st.sampled_from(
        [dt.datetime(2026, 3, 29), dt.datetime(2026, 10, 25), dt.datetime(2018, 11, 4), dt.datetime(2018, 2, 18),
         dt.datetime(2026, 4, 24), dt.datetime(2011, 12, 30), dt.datetime(2006, 10, 29), dt.datetime(1993, 8, 21),
         dt.datetime(1972, 1, 7), dt.datetime(1986, 1, 1)]
    ),
    st.integers(-24 * 60, 48 * 60),
)  # fmt: skip


@given(st.lists(st.none() | st.datetimes() | NEAR_A_CHANGE, max_size=20), ZONES)
@example([dt.datetime.min, dt.datetime.max], "America/New_York")
@example([], "Europe/Berlin")
def test_days_as_a_whole_are_as_their_moments(local: list[dt.datetime | None], zone: str) -> None:
    """rules 2.7: a day on which the clocks stand still is answered once, and as each of its moments would be."""
    expected = [moment and ZoneInfo(zone).utcoffset(moment.replace(fold=0)) for moment in local]
    assert offsets(column(*local), zone).to_list() == expected
