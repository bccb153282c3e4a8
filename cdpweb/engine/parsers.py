"""Which parser reads a column of values, by the type of its field (rules §2)."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import polars as pl

from cdpweb.domain import dates, names, numbers, values
from cdpweb.domain.columns import Parsed
from cdpweb.domain.fields import Field, Kind, Type
from cdpweb.engine.orders import Orders

Parser = Callable[[Field, pl.Series, Orders], Parsed]


def parse(field: Field, text: pl.Series, orders: Orders) -> Parsed:
    """The values of a column. Custom fields keep canonical text, all other fields their own type."""
    if field.custom and field.custom.multiple:
        return values.multiple(text, lambda parts: _parse_one(field, parts, orders))
    return _parse_one(field, text, orders)


def _parse_one(field: Field, text: pl.Series, orders: Orders) -> Parsed:
    parsed = _PARSERS[field.type](field, text, orders)
    return Parsed(_as_text(parsed.values), parsed.problems) if field.kind is Kind.CUSTOM else parsed


def _as_text(column: pl.Series) -> pl.Series:
    """Custom values as they are stored: truth and moments as text, all else is text already."""
    if column.dtype == pl.Boolean:
        return pl.select(pl.when(column).then(pl.lit("true")).when(~column).then(pl.lit("false"))).to_series()
    return dates.moment_text(column) if column.dtype == pl.Datetime else column


def _birth_date(field: Field, text: pl.Series, orders: Orders) -> Parsed:
    today = orders.started_at.astimezone(ZoneInfo(orders.catalog.project.time_zone)).date()
    return dates.birth_date(text, orders.date_order(field.name), today)


def _moment(field: Field, text: pl.Series, orders: Orders) -> Parsed:
    """Actions and consents are bound to sensible years, custom fields are not (rules §2.7)."""
    zone = "UTC" if field.utc else orders.catalog.project.time_zone
    now = None if field.kind is Kind.CUSTOM else orders.started_at
    return dates.moment(text, orders.date_order(field.name), zone, now=now)


def _choice(field: Field, text: pl.Series, _orders: Orders) -> Parsed:
    if field.custom is None:
        raise ValueError(f"{field.name} is a choice without choices")
    return values.choice(text, field.custom)


_PARSERS: dict[Type, Parser] = {
    Type.NAME: lambda _field, text, _orders: names.name(text),
    Type.BIRTH_DATE: _birth_date,
    Type.SEX: lambda _field, text, _orders: values.sex(text),
    Type.AREA: lambda _field, text, orders: values.area(text, [area.external_id for area in orders.catalog.areas]),
    Type.TIME_ZONE: lambda _field, text, _orders: values.time_zone(text),
    Type.BOOLEAN: lambda _field, text, _orders: values.boolean(text),
    Type.TEXT: lambda _field, text, _orders: values.text(text),
    Type.INTEGER: lambda _field, text, _orders: numbers.integer(text),
    Type.DECIMAL: lambda field, text, orders: numbers.decimal(text, rounded=field.name in orders.evidence.rounded),
    Type.DATE: lambda field, text, orders: dates.date(text, orders.date_order(field.name)),
    Type.DATE_TIME: _moment,
    Type.CHOICE: _choice,
}
