"""Choices that a file brings, for fields that say to create them (rules §2.8)."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, insert, select

from cdpweb.domain.catalog import CustomField
from cdpweb.domain.fields import Kind, Type
from cdpweb.domain.values import SEPARATOR
from cdpweb.engine.orders import Orders
from cdpweb.models import Choice
from cdpweb.models import CustomField as CustomFieldRow


def creates_choices(orders: Orders) -> bool:
    """Whether a field of the file says to create the choices that it brings."""
    return bool(_creating(orders))


def with_choices(rows: pl.DataFrame, accepted: pl.Series, connection: Connection, orders: Orders) -> pl.DataFrame:
    """The normalised rows with every choice by its external ID, after the missing ones have been created.

    `accepted` are the records that are applied: a rejected row creates nothing. What earlier blocks created is read
    from the database, for the catalog of `orders` is as old as the run.
    """
    for name, field in _creating(orders).items():
        texts = rows.filter(pl.col("record").is_in(accepted.implode()))[name].drop_nulls()
        known = _Known.of(field, connection)
        for text in texts.unique(maintain_order=True):
            known.add(_parts(text, field))
        known.save(connection)
        settled = {text: known.settled(text, field) for text in texts.unique()}
        rows = rows.with_columns(pl.col(name).replace(settled)) if settled else rows
    return rows


def _creating(orders: Orders) -> dict[str, CustomField]:
    return {
        one.name: one.custom
        for one in orders.of_kind(Kind.CUSTOM)
        if one.type is Type.CHOICE and one.custom and one.custom.create_missing
    }


def _parts(text: str, field: CustomField) -> list[str]:
    return text.split(SEPARATOR) if field.multiple else [text]


@dataclass
class _Known:
    """The choices of a field, found by external ID or else by name in any case."""

    field_id: int
    ids: set[str]
    names: dict[str, str]
    created: list[str]

    @classmethod
    def of(cls, field: CustomField, connection: Connection) -> "_Known":
        field_id = connection.execute(select(CustomFieldRow.id).filter_by(system_name=field.system_name)).scalar_one()
        stored = connection.execute(
            select(Choice.external_id, Choice.name).filter_by(field_id=field_id).order_by(Choice.id.desc())
        ).all()
        return cls(
            field_id, {one.external_id for one in stored}, {one.name.casefold(): one.external_id for one in stored}, []
        )

    def add(self, texts: Iterable[str]) -> None:
        """Make a choice of every text that names none."""
        for text in texts:
            if text not in self.ids and text.casefold() not in self.names:
                self.ids.add(text)
                self.names[text.casefold()] = text
                self.created.append(text)

    def save(self, connection: Connection) -> None:
        """Store what was added."""
        if self.created:
            new = [{"field_id": self.field_id, "external_id": text, "name": text} for text in self.created]
            connection.execute(insert(Choice), new)

    def settled(self, text: str, field: CustomField) -> str:
        """The canonical text of a value: external IDs, sorted, each once."""
        return SEPARATOR.join(
            sorted({part if part in self.ids else self.names[part.casefold()] for part in _parts(text, field)})
        )
