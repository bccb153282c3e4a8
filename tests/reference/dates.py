"""Dates and times (rules 2.7)."""

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterable

from cdpweb.domain.settings import DateOrder

from .invalid import Invalid

YEAR_FIRST = re.compile(r"([0-9]{4})([-./])([0-9]{1,2})\2([0-9]{1,2})")
YEAR_LAST = re.compile(r"([0-9]{1,2})([-./])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?(?:\s*([AaPp])[Mm])?")
MIDNIGHT = re.compile(
    r"(\S+?)(?:T|\s+)(?:0?0:00|12:00\s*[Aa][Mm])(?::00(?:\.0+)?)?(?:\s*(?:Z|[+-][0-9]{2}:?(?:[0-9]{2})?))?"
)
OFFSET = re.compile(r"(.*?)\s*(?:(Z)|([+-])([0-9]{2}):?([0-9]{2})?)")


class Undecided(ValueError):
    """A column whose dates with slashes may be read in both orders: the user is asked."""


def order_of(texts: Iterable[str], chosen: DateOrder | None) -> DateOrder | None:
    """The order of a column's dates with slashes: the user's, else the one its values prove more often."""
    slashed = [found for text in texts if (found := re.match(r"([0-9]{1,2})/([0-9]{1,2})/[0-9]", text))]
    day_first = sum(int(one[1]) > 12 >= int(one[2]) for one in slashed)
    month_first = sum(int(one[2]) > 12 >= int(one[1]) for one in slashed)
    if chosen or not slashed:
        return chosen
    if day_first == month_first:
        raise Undecided
    return DateOrder.DAY_FIRST if day_first > month_first else DateOrder.MONTH_FIRST


def date(text: str, order: DateOrder | None) -> dt.date:
    """A date, also with the time 0:00 that databases write; two-digit years lie in 1970 to 2069."""
    year, month, day = _numbers(text, order)
    if year < 100:
        year += 1900 if year >= 70 else 2000
    return _real(year, month, day)


def birth_date(text: str, order: DateOrder | None, today: dt.date) -> dt.date:
    """A date in the past; a two-digit year means the latest one that gives such a date."""
    year, month, day = _numbers(text, order)
    century = today.year // 100 * 100
    years = [century + year, century - 100 + year] if year < 100 else [year]
    for candidate in years:
        try:
            born = _real(candidate, month, day)
        except Invalid:
            continue
        if born < today:
            return born
    _real(years[-1], month, day)
    raise Invalid("date_out_of_range")


def _numbers(text: str, order: DateOrder | None) -> tuple[int, int, int]:
    if at_midnight := MIDNIGHT.fullmatch(text):
        text = at_midnight[1]
    if found := YEAR_FIRST.fullmatch(text):
        year, month, day = found[1], found[3], found[4]
    elif found := YEAR_LAST.fullmatch(text):
        day, month, year = found[1], found[3], found[4]
        if found[2] == "/" and order is DateOrder.MONTH_FIRST:
            day, month = month, day
    else:
        raise Invalid("date_invalid")
    if len(year) == 4 and int(year) < 100:
        raise Invalid("date_invalid")
    return int(year), int(month), int(day)


def _real(year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise Invalid("date_invalid") from None


def date_time(text: str, order: DateOrder | None, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """An instant in UTC; without an offset the text is the zone's local time."""
    split = re.fullmatch(r"([^\sT]+)(?:(?:T|\s+)(.+))?", text)
    if not split:
        raise Invalid("time_invalid")
    try:
        day = date(split[1], order)
        time, offset = _time(split[2] or "0:00")
        # fold 0: an ambiguous time is the earlier one, a missing one is moved on by the gap
        return dt.datetime.combine(day, time, tzinfo=offset or zone).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise Invalid("time_invalid") from None


def _time(text: str) -> tuple[dt.time, dt.timezone | None]:
    offset = None
    if found := OFFSET.fullmatch(text):
        text = found[1]
        minutes = int(found[4] or 0) * 60 + int(found[5] or 0)
        offset = dt.timezone(dt.timedelta(minutes=-minutes if found[3] == "-" else minutes))
    found = TIME.fullmatch(text)
    if not found:
        raise Invalid("time_invalid")
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[5]:
        if not 1 <= hour <= 12:
            raise Invalid("time_invalid")
        hour = hour % 12 + (12 if found[5] in "pP" else 0)
    milliseconds = int((found[4] or "").ljust(3, "0")[:3])
    return dt.time(hour, minute, second, milliseconds * 1000), offset
