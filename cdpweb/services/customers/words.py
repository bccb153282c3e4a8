"""How pages call the fields of a customer and show their values."""

import datetime as dt
import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from cdpweb.domain.catalog import CHANNELS, Catalog, FieldType
from cdpweb.domain.consent import Statement
from cdpweb.domain.fields import (
    CONSENT_ALL,
    CUSTOM_FIELD_PREFIX,
    EMAIL_CONFIRMED,
    EXTERNAL_ID_PREFIX,
    PHONE_CONFIRMED,
    SEGMENT_PREFIX,
    Field,
    Kind,
    Type,
    fields,
)

_OWN_LABELS = {EMAIL_CONFIRMED: "Email confirmed", PHONE_CONFIRMED: "Mobile phone confirmed", "Customer": "Customer"}


class Words:
    """The labels and values of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.fields: Mapping[str, Field] = fields(catalog)
        self.labels = _labels(catalog)
        self.zone = ZoneInfo(catalog.project.time_zone)

    def label(self, column: str) -> str:
        """What a column is called; one that is no longer there keeps its name."""
        return self.labels.get(column, column)

    def value(self, column: str, text: str | None) -> str:
        """A stored text as a person reads it."""
        field = self.fields.get(column)
        if text is None or field is None:
            return text or ""
        if field.kind is Kind.CONSENT and " " in text:
            return self._statement(Statement.parse(text))
        if field.custom and field.custom.multiple:
            return ", ".join(self._single(field, part) for part in text.split("|"))
        return self._single(field, text)

    def moment(self, moment: dt.datetime) -> str:
        """A moment in the project's time zone: "31 May 2026, 16:30"."""
        local = moment.astimezone(self.zone)
        return f"{local.day} {local:%b %Y, %H:%M}"

    def _single(self, field: Field, text: str) -> str:
        if field.type is Type.BOOLEAN:
            return {"true": "yes", "false": "no"}.get(text, text)
        if field.type is Type.AREA:
            return next((one.name for one in self.catalog.areas if one.external_id == text), text)
        if field.type is Type.SEGMENT:
            return self._segment(field, text)
        if field.custom and field.custom.type is FieldType.CHOICE:
            return next((one.name for one in field.custom.choices if one.external_id == text), text)
        if field.custom and field.custom.type is FieldType.DATE_TIME:
            return self.moment(dt.datetime.fromisoformat(text))
        return text

    def _segment(self, field: Field, text: str) -> str:
        group = self.catalog.segment_group(field.name.removeprefix(SEGMENT_PREFIX))
        segment = group and group.segment(text)
        return segment.name if segment else text

    def _statement(self, said: Statement) -> str:
        return f"opted {'in' if said.opted_in else 'out'}, {self.moment(said.at)}"


def _labels(catalog: Catalog) -> dict[str, str]:
    generated = {
        **{EXTERNAL_ID_PREFIX + one.system_name: f"{one.name} ID" for one in catalog.external_systems},
        **{CUSTOM_FIELD_PREFIX + one.system_name: one.name for one in catalog.custom_fields},
        **{SEGMENT_PREFIX + one.system_name: one.name for one in catalog.segment_groups},
        **{
            f"{CONSENT_ALL}By{channel}On{topic.system_name}": f"{topic.name} by {_spaced(channel)}"
            for topic in catalog.topics
            for channel in topic.channels
        },
    }
    channels = {f"{CONSENT_ALL}By{channel}": f"All by {_spaced(channel)}" for channel in CHANNELS}
    own = {name: _spaced(name) for name in fields(catalog)}
    return {**own, CONSENT_ALL: "Everything", **channels, **generated, **_OWN_LABELS}


def _spaced(name: str) -> str:
    """`LastName` as "Last name"."""
    words = re.findall(r"[A-Z][a-z]*|[0-9]+", name)
    return " ".join([*words[:1], *(word.lower() for word in words[1:])])
