"""The kinds of entries that the catalog has (product §1, §6)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cdpweb.domain.catalog import FieldType
from cdpweb.domain.fields import CONSENT_ALL, CUSTOM_FIELD_PREFIX, EXTERNAL_ID_PREFIX, SEGMENT_PREFIX
from cdpweb.models import catalog as models
from cdpweb.models import shipped
from cdpweb.services.catalog.attributes import (
    Attribute,
    Channels,
    Choices,
    Flag,
    Parent,
    Reference,
    SystemName,
    Text,
    TimeZone,
    TypeOfField,
    find_by,
)


@dataclass(frozen=True)
class Kind:
    """One kind of entry.

    `plural` is its name in the catalog file and in addresses, `key` the attribute that names an entry for ever,
    `columns` the columns of a file that an entry with these values generates. Keys are unique in the kind, those of
    segments in their group (`within`). `shipped` are keys that a database never lacks.
    """

    plural: str
    noun: str
    title: str
    purpose: str
    model: Any
    key: str
    attributes: tuple[Attribute, ...]
    column: str = ""
    within: str = ""
    shipped: tuple[str, ...] = ()

    def find(self, session: Session, key: str, **within: Any) -> Any:
        """The entry with this key: a system name in any case, an external ID exactly."""
        return find_by(session, self.model, self.key, key, **within)

    def all(self, session: Session) -> list[Any]:
        """Every entry, by name."""
        return list(session.scalars(select(self.model).order_by(self.model.name, self.model.id)))

    def entry(self, row: Any) -> dict[str, Any]:
        """The entry as the catalog file writes it; what only choice fields have is left out of others."""
        return {one.name: one.show(row) for one in self.attributes_of(row)}

    def attributes_of(self, row: Any) -> list[Attribute]:
        """What an entry has: choices belong to choice fields alone."""
        chooses = getattr(row, "type", FieldType.CHOICE) == FieldType.CHOICE
        return [one for one in self.attributes if chooses or one.name not in ("create_missing", "choices")]

    def columns(self, values: Mapping[str, Any]) -> list[str]:
        """The columns that an entry with these values adds to the column reference."""
        if not self.column:
            return []
        name = values["system_name"]
        return [self.column.format(name=name, channel=channel) for channel in values.get("channels", [""])]

    @property
    def one(self) -> str:
        """The noun with its article."""
        return f"{'an' if self.noun[0] in 'aeiouAEIOU' else 'a'} {self.noun}"


_system_name = partial(SystemName, "system_name", "System name", fixed=True)
_external_id = partial(Text, "external_id", "External ID", fixed=True)
_name = partial(Text, "name", "Name")

TOUCHPOINTS: Kind = Kind(
    "touchpoints", "touchpoint", "Touchpoints",
    "The channels, sites and stores that customers and actions are linked to.",
    models.Touchpoint, "external_id",
    (
        _external_id("Files name the touchpoint by it. It never changes."),
        _name(),
        Parent("parent", "Parent", "The touchpoint that this one belongs to.", required=False, to=lambda: TOUCHPOINTS),
    ),
    shipped=(shipped.TOUCHPOINT,),
)  # fmt: skip
API_ENDPOINTS: Kind = Kind(
    "api_endpoints", "API endpoint", "API endpoints",
    "The systems that customers come from: the website, a shop, the CRM. Each has exactly one touchpoint.",
    models.ApiEndpoint, "system_name",
    (
        _system_name("Files name the API endpoint by it. It never changes."),
        _name(),
        Reference(
            "touchpoint", "Touchpoint", "Customers and actions get it unless the import says otherwise.",
            to=lambda: TOUCHPOINTS,
        ),
    ),
    shipped=(shipped.API_ENDPOINT,),
)  # fmt: skip
SEGMENT_GROUPS: Kind = Kind(
    "segment_groups", "segment group", "Segment groups",
    "A group holds segments; a customer is in at most one segment of each group.",
    models.SegmentGroup, "system_name",
    (
        _system_name(f"Its column in files is {SEGMENT_PREFIX} and this name. It never changes."),
        _name(),
        _external_id("Files may name the group by it. It never changes once given.", required=False),
    ),
    column=SEGMENT_PREFIX + "{name}",
)  # fmt: skip
SEGMENTS: Kind = Kind(
    "segments", "segment", "Segments",
    "Segments change by hand or by import only.",
    models.Segment, "system_name",
    (
        Reference("group", "Segment group", fixed=True, to=lambda: SEGMENT_GROUPS),
        _system_name("Files name the segment by it. It never changes."),
        _name(),
        _external_id("Files may name the segment by it. It never changes once given.", required=False),
    ),
    within="group",
)  # fmt: skip
ACTION_TEMPLATES: Kind = Kind(
    "action_templates", "action template", "Action templates",
    "The kinds of events in activity feeds. Choose names that are easy to find, such as “Filled in the May survey”.",
    models.ActionTemplate, "system_name",
    (_system_name("Files name the template by it. It never changes."), _name("Shown in activity feeds.")),
    shipped=(shipped.CREATION_TEMPLATE, shipped.EDIT_TEMPLATE),
)  # fmt: skip
CUSTOM_FIELDS: Kind = Kind(
    "custom_fields", "custom field", "Custom fields",
    "Fields of your own, beside those that every customer has.",
    models.CustomField, "system_name",
    (
        _system_name(f"Its column in files is {CUSTOM_FIELD_PREFIX} and this name. It never changes."),
        _name(),
        TypeOfField("type", "Type", "It never changes.", fixed=True),
        Flag("multiple", "May hold several values", "In files they are joined by |. It never changes.", fixed=True),
        Flag("create_missing", "Create missing choices", "For choices: an import adds those it finds."),
        Choices("choices", "Choices"),
    ),
    column=CUSTOM_FIELD_PREFIX + "{name}",
)  # fmt: skip
EXTERNAL_SYSTEMS: Kind = Kind(
    "external_systems", "external system", "External systems",
    "Systems whose IDs identify customers, such as a shop or a CRM.",
    models.ExternalSystem, "system_name",
    (_system_name(f"Its column in files is {EXTERNAL_ID_PREFIX} and this name. It never changes."), _name()),
    column=EXTERNAL_ID_PREFIX + "{name}",
)  # fmt: skip
TOPICS: Kind = Kind(
    "topics", "topic", "Topics",
    "What customers subscribe to in single channels, such as news or offers.",
    models.Topic, "system_name",
    (
        _system_name(f"Its columns in files are {CONSENT_ALL}By…On and this name. It never changes."),
        _name(),
        Channels("channels", "Channels", "Where customers can subscribe to it."),
    ),
    column=CONSENT_ALL + "By{channel}On{name}",
)  # fmt: skip
AREAS: Kind = Kind(
    "areas", "area", "Areas",
    "The places that customers live in.",
    models.Area, "external_id",
    (
        _external_id("Files name the area by it. It never changes."),
        _name(),
        Parent("parent", "Parent", "The area that this one lies in.", required=False, to=lambda: AREAS),
        TimeZone("time_zone", "Time zone", required=False),
    ),
)  # fmt: skip

KINDS: dict[str, Kind] = {
    kind.plural: kind
    for kind in (
        TOUCHPOINTS,
        API_ENDPOINTS,
        SEGMENT_GROUPS,
        SEGMENTS,
        ACTION_TEMPLATES,
        CUSTOM_FIELDS,
        EXTERNAL_SYSTEMS,
        TOPICS,
        AREAS,
    )
}


def kind_of(row: Any) -> Kind:
    """The kind that a row of a catalog table is of."""
    return next(kind for kind in KINDS.values() if kind.model is type(row))


def words_of(rows: Iterable[Any]) -> str:
    """Entries as a sentence lists them, the first three by name."""
    names = [f"“{row.name}”" for row in rows]
    shown, more = names[:3], len(names) - 3
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))
