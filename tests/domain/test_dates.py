"""Dates and moments (rules 2.7, 2.10)."""

import datetime as dt
import re
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdpweb.domain import dates
from cdpweb.domain.settings import DateOrder
from tests.domain.columns import Reading, cells, one, read

DAY_FIRST, MONTH_FIRST = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST
TODAY = dt.date(2026, 5, 31)
NOW = dt.datetime(2026, 5, 31, 12, 0)

birth_date = partial(dates.birth_date, order=DAY_FIRST, today=TODAY)
day_first = partial(dates.date, order=DAY_FIRST)
month_first = partial(dates.date, order=MONTH_FIRST)
moment = partial(dates.moment, order=DAY_FIRST, zone="UTC")
in_berlin = partial(dates.moment, order=DAY_FIRST, zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-05-31", "2026-05-31"), ("2026.05.31", "2026-05-31"), ("2026/05/31", "2026-05-31"),
        ("2026-5-1", "2026-05-01"), ("2026/5/01", "2026-05-01"), ("31.05.2026", "2026-05-31"),
        ("31-05-2026", "2026-05-31"), ("1.2.2026", "2026-02-01"), ("1-2-2026", "2026-02-01"),
        ("29.02.2024", "2024-02-29"), ("0100-01-01", "0100-01-01"), ("9999-12-31", "9999-12-31"),
        ("31.05.69", "2069-05-31"), ("31.05.70", "1970-05-31"), ("1-2-00", "2000-02-01"), ("29.02.00", "2000-02-29"),
        ("2026-05-31 00:00", "2026-05-31"), ("2026-05-31T00:00:00.000Z", "2026-05-31"),
        ("31.05.2026 12:00:00 AM", "2026-05-31"), ("31.05.2026 0:00:00", "2026-05-31"),
        ("2026-05-31 00:00:00+02", "2026-05-31"), ("'2026-05-31", "2026-05-31"), ("' 31.05.26", "2026-05-31"),
    ],
)  # fmt: skip
def test_dates_that_need_no_order(text: str, iso: str) -> None:
    """rules 2.7: year first with any mark, else day first at `.` and `-`; two digits are 1970 to 2069; 2.10: `'`."""
    assert one(day_first, text) == iso
    assert one(month_first, text) == iso
    assert one(partial(dates.date, order=None), text) == iso


@pytest.mark.parametrize(
    ("text", "by_day", "by_month"),
    [
        ("05/06/2026", "2026-06-05", "2026-05-06"),
        ("5/6/26", "2026-06-05", "2026-05-06"),
        ("31/05/2026", "2026-05-31", "date_invalid"),
        ("05/31/2026", "date_invalid", "2026-05-31"),
        ("5/6/70 12:00 AM", "1970-06-05", "1970-05-06"),
    ],
)
def test_slashes_are_read_in_the_column_s_order(text: str, by_day: str, by_month: str) -> None:
    """rules 2.7: the other reading is invalid; while the order is not known neither is read."""
    assert one(day_first, text) == by_day
    assert one(month_first, text) == by_month
    assert one(partial(dates.date, order=None), text) == "date_invalid"


@pytest.mark.parametrize(
    "text",
    [
        "n/a", "2026", "2026-05", "31.05", "20260531", "2026-02-30", "29.02.2026", "29.02.26", "2026-13-01",
        "2026-00-10", "2026-10-00", "0000-05-31", "31.05.0000", "0001-01-01", "01.01.0099",
        "31.05.026", "31.05.6", "31.5.20261", "2026-05/31",
        "31.05-2026", "2026-05-311", "2026--05-31", "2026-5-2026", "12-2026-05", "31. 05. 2026", "31 05 2026",
        "31 May 2026", "2026-05-31.", "-2026-05-31", "２０２６-05-31", "٣١.05.2026", "2026-05-31\n", "2026-05-31 ",
        "2026-05-31T22:00Z", "2026-05-31 14:30", "2026-05-31 24:00", "2026-05-31Z", "2026-05-31+02:00",
        "2026-05-31 0:00 AM", "2026-05-31 00", "2026-05-31 00:00+2", "4471", "447120", "''2026-05-31",
    ],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    """rules 2.7: skipped with a warning; a time of day other than midnight is not cut off in silence."""
    assert one(day_first, text) == "date_invalid"
    assert one(birth_date, text) == "date_invalid"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("44712", "date_serial"),
        ("44712.5", "date_serial"),
        ("'44712", "date_serial"),
        ("###", "hash_signs"),
        ("########", "hash_signs"),
    ],
)
def test_spreadsheet_s_traces_are_named(text: str, code: str) -> None:
    """rules 2.10: date serials and number signs are skipped and named as such."""
    for parse in (day_first, birth_date, moment):
        assert one(parse, text) == code


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("2026-05-30", dt.date(2026, 5, 30)),
        ("30.05.26", dt.date(2026, 5, 30)),
        ("31.05.26", dt.date(1926, 5, 31)),
        ("30/05/27", dt.date(1927, 5, 30)),
        ("31.12.99", dt.date(1999, 12, 31)),
        ("29.02.00", dt.date(2000, 2, 29)),
        ("01.01.00", dt.date(2000, 1, 1)),
        ("1875-02-01", dt.date(1875, 2, 1)),
        ("1980-05-31 00:00:00.000", dt.date(1980, 5, 31)),
        ("2026-05-31", "date_out_of_range"),
        ("31/05/2026", "date_out_of_range"),
        ("01.06.2026", "date_out_of_range"),
        ("2126-05-31", "date_out_of_range"),
        ("29.02.27", "date_invalid"),
    ],
)
def test_birth_dates_lie_in_the_past(text: str, born: dt.date | str) -> None:
    """rules 2.7: a later one is invalid; two digits are the latest past year."""
    assert one(birth_date, text) == born


def test_two_digits_in_another_century() -> None:
    """rules 2.7: the latest past year, also when 2100 had no 29 February."""
    later = partial(dates.birth_date, order=DAY_FIRST, today=dt.date(2103, 1, 1))
    assert one(later, "29.02.00") == dt.date(2000, 2, 29)
    assert one(later, "28.02.00") == dt.date(2100, 2, 28)
    assert one(later, "01.01.03") == dt.date(2003, 1, 1)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-05-31", "2026-05-31 00:00"), ("2026-05-31 14:30", "2026-05-31 14:30"),
        ("2026-05-31T14:30", "2026-05-31 14:30"), ("2026-05-31  4:05", "2026-05-31 04:05"),
        ("2026-05-31 14:30:15", "2026-05-31 14:30:15"), ("2026-05-31 14:30:15.250", "2026-05-31 14:30:15.250"),
        ("2026-05-31 14:30:15.5", "2026-05-31 14:30:15.500"), ("31.05.2026 14:30", "2026-05-31 14:30"),
        ("31/05/26 2:30 PM", "2026-05-31 14:30"), ("31/05/26 2:30pm", "2026-05-31 14:30"),
        ("2026-05-31 2:30\u202fPM", "2026-05-31 14:30"), ("2026-05-31 12:00 AM", "2026-05-31 00:00"),
        ("2026-05-31 12:00 PM", "2026-05-31 12:00"), ("2026-05-31 11:59:59.999 pm", "2026-05-31 23:59:59.999"),
        ("2026-05-31T14:30:00Z", "2026-05-31 14:30"), ("2026-05-31 14:30:15.123456789", "2026-05-31 14:30:15.123"),
        ("2026-05-31T14:30+02:00", "2026-05-31 12:30"), ("2026-05-31 14:30:00 +0200", "2026-05-31 12:30"),
        ("2026-05-31 14:30+02", "2026-05-31 12:30"), ("2026-05-31T14:30-02:30", "2026-05-31 17:00"),
        ("2026-05-31 2:30 PM -02", "2026-05-31 16:30"), ("2026-05-31 0:30+02", "2026-05-30 22:30"),
        ("'2026-05-31 14:30", "2026-05-31 14:30"),
    ],
)  # fmt: skip
def test_moments(text: str, utc: str) -> None:
    """rules 2.7: the time after a space or T, seconds, milliseconds, AM and PM, offsets; a date alone is 00:00."""
    assert one(moment, text) == dt.datetime.fromisoformat(utc)


@pytest.mark.parametrize(
    "text",
    [
        "n/a", "14:30", "2026-02-30 14:30", "2026-05-31 24:00", "2026-05-31 14:60", "2026-05-31 14:30:60",
        "2026-05-31 14", "2026-05-31 14:3", "2026-05-31 14.30", "2026-05-31 14:30:15.",
        "2026-05-31 14:30:15.1234567890", "2026-05-31T14:30z",
        "2026-05-31 14:30.5", "2026-05-31 13:00 PM", "2026-05-31 0:30 AM", "2026-05-31 14:30 P", "2026-05-3114:30",
        "2026-05-31t14:30", "2026-05-31T 14:30", "2026-05-31, 14:30", "2026-05-31 14:30+2", "2026-05-31 14:30+24:00",
        "2026-05-31 14:30+02:60", "2026-05-31 14:30 CET", "2026-05-31T14:30ZZ", "2026-05-31 14:30+02:00 AM",
        "2026-05-31Z", "2026-05-31 ２:30", "1780237800",
    ],
)  # fmt: skip
def test_what_is_no_moment(text: str) -> None:
    """rules 2.7: skipped with a warning."""
    assert one(moment, text) == "time_invalid"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-05-31 14:30", "2026-05-31 12:30"),
        ("2026-01-31", "2026-01-30 23:00"),
        ("2026-05-31 14:30Z", "2026-05-31 14:30"),
        ("2026-10-25 02:30", "2026-10-25 00:30"),
        ("2026-10-25 02:30+01:00", "2026-10-25 01:30"),
        ("2026-03-29 02:30", "2026-03-29 01:30"),
    ],
)
def test_moments_in_the_project_s_zone(text: str, utc: str) -> None:
    """rules 2.7: without an offset the zone counts; ambiguous is the earlier, missing is moved on by the gap."""
    assert one(in_berlin, text) == dt.datetime.fromisoformat(utc)


@pytest.mark.parametrize("now", [NOW, NOW.replace(tzinfo=dt.UTC)])
def test_moments_that_are_not_believed(now: dt.datetime) -> None:
    """rules 2.7: an action or consent before 1900 or more than 5 minutes in the future is invalid."""
    believed = partial(moment, now=now)
    assert one(believed, "2026-05-31 12:05") == dt.datetime(2026, 5, 31, 12, 5)
    assert one(believed, "2026-05-31 12:05:00.001") == "date_out_of_range"
    assert one(believed, "2026-05-31 14:05+02:00") == dt.datetime(2026, 5, 31, 12, 5)
    assert one(believed, "1900-01-01") == dt.datetime(1900, 1, 1)
    assert one(believed, "1899-12-31 23:59:59.999") == "date_out_of_range"
    assert one(believed, "01.01.69") == "date_out_of_range"


def test_moments_of_custom_fields() -> None:
    """rules 2.7: no bounds but the calendar's; kept as text with milliseconds and offset."""
    assert one(moment, "2150-01-01 1:00") == dt.datetime(2150, 1, 1, 1)
    assert one(moment, "9999-12-31 23:59-01:00") == "date_out_of_range"
    values = moment(cells(["31.05.2026 14:30", None, "0100-01-01", "2026-05-31 14:30:01.5"])).values
    assert dates.moment_text(values).to_list() == [
        "2026-05-31T14:30:00.000+00:00",
        None,
        "0100-01-01T00:00:00.000+00:00",
        "2026-05-31T14:30:01.500+00:00",
    ]


def test_absent_cells_stay_absent() -> None:
    """rules 2.1: so does an apostrophe alone, which a spreadsheet shows as an empty cell."""
    assert read(day_first, None, "2026-05-31", "'", "x") == [
        (None, ()), ("2026-05-31", ()), (None, ()), (None, ("date_invalid",)),
    ]  # fmt: skip
    assert birth_date(cells([])).values.dtype == pl.Date
    assert day_first(cells([None])).values.dtype == pl.String
    assert moment(cells([None])).values.dtype == pl.Datetime("us")
    assert in_berlin(cells([])).values.dtype == pl.Datetime("us")


# One cell after the other, as rules 2.7 spells it out.

DATE = re.compile(r"([0-9]+)([-./])([0-9]+)\2([0-9]+)(?:(\s+|T)(.*))?")
CLOCK = re.compile(
    r"(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:\s*([AaPp])[Mm])?(?:\s*(Z|[+-]\d\d(?::?\d\d)?))?", re.A
)


def day_of(text: str, order: DateOrder, latest: dt.date) -> dt.date | None:
    found = DATE.fullmatch(text)
    if found is None:
        return None
    first, mark, middle, last = found.group(1, 2, 3, 4)
    if len(first) == 4:
        year, month, day = first, middle, last
    elif mark == "/" and order is MONTH_FIRST:
        month, day, year = first, middle, last
    else:
        day, month, year = first, middle, last
    if len(day) > 2 or len(month) > 2 or len(year) not in {2, 4}:
        return None
    if len(year) == 4:
        return calendar(int(year), month, day)
    past = (calendar(century + int(year), month, day) for century in (2100, 2000, 1900))
    return next((one for one in past if one and one <= latest), None)


def calendar(year: int, month: str, day: str) -> dt.date | None:
    try:
        return dt.date(year, int(month), int(day)) if year >= 100 else None
    except ValueError:
        return None


def clock_of(text: str) -> tuple[dt.time, dt.timedelta | None] | None:
    found = DATE.fullmatch(text)
    if found is None or found[5] is None:
        return (dt.time(), None) if found else None
    if (clock := CLOCK.fullmatch(found[6])) is None:
        return None
    hour, half, offset = int(clock[1]), clock[5], clock[6]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    try:
        time = dt.time(hour, int(clock[2]), int(clock[3] or 0), int((clock[4] or "")[:3].ljust(3, "0")) * 1000)
    except ValueError:
        return None
    if offset is None:
        return time, None
    if offset == "Z":
        return time, dt.timedelta(0)
    hours, minutes = int(offset[1:3]), int(offset[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        return None
    ahead = dt.timedelta(hours=hours, minutes=minutes)
    return time, -ahead if offset[0] == "-" else ahead


def read_date(raw: str, order: DateOrder, latest: dt.date) -> Any:
    text = raw[1:].strip() if raw.startswith("'") else raw
    day, clock = day_of(text, order, latest), clock_of(text)
    if day and clock and clock[0] == dt.time():
        return day
    return trace_of(text) or "date_invalid"


def read_birth_date(raw: str, order: DateOrder) -> Any:
    born = read_date(raw, order, TODAY - dt.timedelta(days=1))
    return "date_out_of_range" if isinstance(born, dt.date) and born >= TODAY else born


def read_moment(raw: str, order: DateOrder, zone: str, now: dt.datetime | None) -> Any:
    text = raw[1:].strip() if raw.startswith("'") else raw
    day, clock = day_of(text, order, dt.date(2069, 12, 31)), clock_of(text)
    if day is None or clock is None:
        return trace_of(text) or "time_invalid"
    local = dt.datetime.combine(day, clock[0])
    try:
        utc = local - (ZoneInfo(zone).utcoffset(local) if clock[1] is None else clock[1])
    except OverflowError:
        return "date_out_of_range"
    believed = now is None or dt.datetime(1900, 1, 1) <= utc <= now + dt.timedelta(minutes=5)
    return utc if believed else "date_out_of_range"


def trace_of(text: str) -> str | None:
    if re.fullmatch("#+", text):
        return "hash_signs"
    return "date_serial" if re.fullmatch("[1-9][0-9]{4}([.,][0-9]+)?", text) else None


def told(expected: list[Any]) -> list[Reading]:
    return [(None, (one,)) if isinstance(one, str) else (one, ()) for one in expected]


NUMBERS = st.one_of(
    st.sampled_from(
        ["1", "01", "2", "12", "13", "29", "30", "31", "0", "00", "32", "2024", "2026", "1900", "26", "69"]
    ),
    st.integers(0, 9999).map(str),
)
MARKS = st.sampled_from("-./")
WRITTEN = st.one_of(
    st.builds(lambda day, form: day.strftime(form), st.dates(), st.sampled_from(
        ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%-d-%-m-%y", "%-m/%-d/%y", "%Y/%-m/%-d", "'%Y.%m.%d"]
    )),
    st.builds(lambda a, b, c, mark: f"{a}{mark}{b}{mark}{c}", NUMBERS, NUMBERS, NUMBERS, MARKS),
    st.builds(lambda a, b, c, mark, other: f"{a}{mark}{b}{other}{c}", NUMBERS, NUMBERS, NUMBERS, MARKS, MARKS),
    st.dates(dt.date(2026, 5, 1), dt.date(2026, 6, 30)).map(lambda day: day.strftime("%d.%m.%y")),
    st.sampled_from(["2026-03-29", "2026-10-25", "0001-01-01", "9999-12-31", "29.02.00", "29.02.28", "1900-01-01"]),
)  # fmt: skip
CLOCKS = st.one_of(
    st.just(""),
    st.sampled_from(
        ["00:00", "0:00:00", "12:00 AM", "02:30", "2:30:15.250", "23:59:59.999", "24:00", "12:60", "12:05"]
    ),
    st.times().map(lambda time: time.isoformat("milliseconds")),
    st.from_regex(r"\A[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,10})?)?\Z"),
)
HALVES = st.sampled_from(["", "", "", " AM", " PM", "pm", "\u00a0a", " am"])
OFFSETS = st.sampled_from(["", "", "", "Z", "+02:00", "-0330", " +14", "-00:00", "+24:00", "+0260", "+2", " z"])
TEXTS = st.one_of(
    WRITTEN,
    st.builds(
        lambda date, gap, clock, half, offset: f"{date}{gap}{clock}{half}{offset}",
        WRITTEN, st.sampled_from([" ", "T", "  ", "\u00a0", "", ","]), CLOCKS, HALVES, OFFSETS,
    ),
    st.sampled_from(["44712", "44712,5", "'44712", "###", "n/a", "2026", "20260531"]),
)  # fmt: skip
COLUMNS = st.lists(TEXTS.map(str.strip), max_size=20)
ORDERS = st.sampled_from(DateOrder)


@given(COLUMNS, ORDERS)
def test_dates_are_read_as_spelled_out(texts: list[str], order: DateOrder) -> None:
    """rules 2.7: the sweep over a column decides as the rule, cell by cell."""
    expected = told([read_date(text, order, dt.date(2069, 12, 31)) for text in texts])
    assert read(partial(dates.date, order=order), *texts) == [
        (value and value.isoformat(), codes) for value, codes in expected
    ]
    assert read(partial(dates.birth_date, order=order, today=TODAY), *texts) == told(
        [read_birth_date(text, order) for text in texts]
    )


@given(COLUMNS, ORDERS, st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]), st.sampled_from([None, NOW]))
def test_moments_are_read_as_spelled_out(
    texts: list[str], order: DateOrder, zone: str, now: dt.datetime | None
) -> None:
    """rules 2.7: the sweep over a column decides as the rule, cell by cell."""
    parse = partial(dates.moment, order=order, zone=zone, now=now)
    assert read(parse, *texts) == told([read_moment(text, order, zone, now) for text in texts])
