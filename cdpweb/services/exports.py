"""Customers as a file that the import reads again (rules §8.1, §8.2), streamed: memory does not grow with it."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.fields import (
    CONSENT_DATE,
    CUSTOM_FIELD_PREFIX,
    CUSTOMER_ID,
    EMAIL,
    EXTERNAL_ID_PREFIX,
    PHONE,
    SEGMENT_PREFIX,
    Kind,
    fields,
)
from cdpweb.domain.formulas import guard
from cdpweb.models import Customer, ExternalId, SegmentMember
from cdpweb.models.customers import STORED_COLUMNS
from cdpweb.services.customers.lanes import Cursor, Filters, narrowest
from cdpweb.services.customers.lookup import sought

STRETCH = 8_000
BYTE_ORDER_MARK = "\ufeff"


def export(session: Session, catalog: Catalog, filters: Filters, *, with_ids: bool = False) -> Iterator[str]:
    """The text of a CSV file of the customers who meet the filters, piece by piece; the first piece is the header.

    Its columns are those in which at least one of them has a value, in the order of the column reference, so the
    customers are read twice.
    """
    filled = set()
    for frame in _frames(session, catalog, filters):
        filled |= {column.name for column in frame if column.null_count() < len(column)}
    columns = [name for name in fields(catalog) if name in filled and name != CUSTOMER_ID] or [EMAIL]
    columns = [CUSTOMER_ID, *columns] if with_ids else columns
    yield BYTE_ORDER_MARK + ",".join(columns) + "\r\n"
    for frame in _frames(session, catalog, filters):
        yield guard(frame.select(columns)).write_csv(include_header=False, line_terminator="\r\n")


def _frames(session: Session, catalog: Catalog, filters: Filters) -> Iterator[pl.DataFrame]:
    """The customers, some at a time, each once: a column of text for each field, and CustomerId."""
    lane, conditions = narrowest(session, filters, sought(session, catalog, filters.text))
    seen, at = _Seen(), None
    size = min(STRETCH, lane.longest)
    while stretch := lane.stretch(session, at, size, backwards=False):
        ids: Sequence[int] = [customer for _, customer in stretch if seen.add(customer)]
        if conditions:
            ids = session.scalars(select(Customer.id).where(Customer.id.in_(ids), *conditions)).all()
        yield _frame(session, catalog, ids)
        at = Cursor(stretch[-1][0])


def _frame(session: Session, catalog: Catalog, ids: Sequence[int]) -> pl.DataFrame:
    """The customers with these ids, newest first."""
    stored = _stored(session, ids)
    plain = stored.select(
        pl.col("id").cast(pl.String).alias(CUSTOMER_ID),
        *(_text(column, stored.schema[column]).alias(name) for name, column in STORED_COLUMNS.items() if name != PHONE),
        pl.concat_str(pl.lit("+"), "phone").alias(PHONE),
    )
    custom = [(CUSTOM_FIELD_PREFIX + one.system_name, one.system_name) for one in catalog.custom_fields]
    return pl.concat(
        [
            plain,
            _decoded(stored["custom"], [key for _, key in custom]).rename({key: name for name, key in custom}),
            _consents(stored["consents"], catalog),
            *_external_ids(session, catalog, stored["id"]),
            *_segments(session, catalog, stored["id"]),
        ],
        how="horizontal",
    )


# Columns


_COLUMNS = {
    "id": pl.Int64,
    **dict.fromkeys(STORED_COLUMNS.values(), pl.String),
    "phone": pl.Int64,
    "email_confirmed": pl.Boolean,
    "phone_confirmed": pl.Boolean,
    "custom": pl.String,
    "consents": pl.String,
}
_CAST_BY_DATABASE = ("birth_date", "custom", "consents")


def _stored(session: Session, ids: Sequence[int]) -> pl.DataFrame:
    columns = [(name, getattr(Customer, name)) for name in _COLUMNS]
    listed = [cast(column, Text) if name in _CAST_BY_DATABASE else column for name, column in columns]
    rows = session.execute(select(*listed).where(Customer.id.in_(ids)).order_by(Customer.id.desc())).all()
    return _framed(rows, _COLUMNS)


def _framed(rows: Sequence[Any], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")


def _text(column: str, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean:
        return pl.when(column).then(pl.lit("true")).when(~pl.col(column)).then(pl.lit("false"))
    return pl.col(column)


def _decoded(text: pl.Series, keys: list[str]) -> pl.DataFrame:
    """A JSON object of texts as one column per key."""
    if not keys:
        return pl.DataFrame()
    return text.str.json_decode(pl.Struct(dict.fromkeys(keys, pl.String))).struct.unnest()


def _consents(text: pl.Series, catalog: Catalog) -> pl.DataFrame:
    """Each node's own state, and the latest date of all; moments in UTC compare as text."""
    nodes = [name for name, field in fields(catalog).items() if field.kind is Kind.CONSENT]
    said = _decoded(text, nodes)
    states = (
        pl.when(pl.col(node).str.starts_with("in ")).then(pl.lit("true")).when(pl.col(node).is_not_null())
        .then(pl.lit("false")).alias(node)
        for node in nodes
    )  # fmt: skip
    dates = (pl.col(node).str.extract(" (.*)$") for node in nodes)
    return said.select(*states, pl.max_horizontal(*dates).alias(CONSENT_DATE))


def _external_ids(session: Session, catalog: Catalog, ids: pl.Series) -> Iterator[pl.DataFrame]:
    wanted = select(ExternalId.customer_id, ExternalId.system_id, ExternalId.value)
    rows = session.execute(wanted.where(ExternalId.customer_id.in_(ids.to_list()))).all()
    found = _framed(rows, {"id": pl.Int64, "system_id": pl.Int64, "value": pl.String})
    for system in catalog.external_systems:
        yield _joined(ids, found.filter(pl.col("system_id") == system.id), EXTERNAL_ID_PREFIX + system.system_name)


def _segments(session: Session, catalog: Catalog, ids: pl.Series) -> Iterator[pl.DataFrame]:
    wanted = select(SegmentMember.customer_id, SegmentMember.segment_id)
    rows = session.execute(wanted.where(SegmentMember.customer_id.in_(ids.to_list()))).all()
    found = _framed(rows, {"id": pl.Int64, "segment_id": pl.Int64})
    for group in catalog.segment_groups:
        names = pl.DataFrame(
            [(one.id, one.system_name) for one in group.segments],
            schema={"segment_id": pl.Int64, "value": pl.String},
            orient="row",
        )
        yield _joined(ids, found.join(names, on="segment_id"), SEGMENT_PREFIX + group.system_name)


def _joined(ids: pl.Series, found: pl.DataFrame, name: str) -> pl.DataFrame:
    """The values found, as a column in the order of `ids`."""
    joined = ids.to_frame("id").join(found.select("id", "value"), on="id", how="left", maintain_order="left")
    return joined.select(pl.col("value").alias(name))


class _Seen:
    """A set of customer ids in one bit each: a customer has as many rows in a task as the file gives him."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> bool:
        """Note a number; whether it is new."""
        place, bit = number >> 3, 1 << (number & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        is_new = not self._bits[place] & bit
        self._bits[place] |= bit
        return is_new
