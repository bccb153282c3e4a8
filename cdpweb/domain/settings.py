"""The settings of one import, and the one function that says which value a row gets and from where (rules §3)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.tasks import TaskKind

NO_ACTION = 0
"""The id that stands for "none" where an action for existing customers is chosen."""

OUT_OF_GROUP = 0
"""The id that stands for "in no segment of the group" where a cell says %CLEAR%."""


class Switch(StrEnum):
    """The settings that have the switch "use the value from the file"."""

    API_ENDPOINT = "endpoint"
    TOUCHPOINT = "touchpoint"
    SEGMENT = "segment"
    SOURCE_ACTION = "source-action"
    EXISTING_ACTION = "existing-action"
    DATE = "date"
    PHONE_COUNTRY = "phone-country"


class EmptyCells(StrEnum):
    """What an empty cell does to a stored profile or custom field (rules §2.1)."""

    KEEP = "keep"
    ERASE = "erase"


class Conflicts(StrEnum):
    """What happens when identifiers disagree (rules §5.4, §5.5)."""

    REJECT = "reject"
    STRONGEST = "strongest"


class DateOrder(StrEnum):
    """How a date with slashes is read (rules §2.7)."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class WriteMode(StrEnum):
    """What an import may do to a field of an existing customer (rules §2.2)."""

    OVERWRITE = "overwrite"
    FILL = "fill"
    NEVER = "never"


class Origin(StrEnum):
    """Where the value of a setting came from, in the order of rules §3."""

    FILE = "from the file"
    FIXED = "set for this import"
    AUTOMATIC = "from the API endpoint"
    PROJECT = "the project's default"
    SHIPPED = "shipped with cdpweb"
    TASK = "when the task runs"
    NONE = "not set"


@dataclass(frozen=True)
class ImportSettings:
    """Everything a person chooses for one import; frozen into its task as JSON.

    Ids are those of the catalog; None means "not fixed here". `segment_ids` holds at most one segment of a group.
    `replacements` maps a settings field and the text of a cell to the text that stands for it.
    """

    task: TaskKind = TaskKind.IMPORT
    from_file: frozenset[Switch] = frozenset()
    api_endpoint_id: int | None = None
    touchpoint_id: int | None = None
    segment_ids: tuple[int, ...] = ()
    source_template_id: int | None = None
    existing_template_id: int | None = None
    action_date: dt.datetime | None = None
    phone_country: str | None = None
    empty_cells: EmptyCells = EmptyCells.KEEP
    conflicts: Conflicts = Conflicts.REJECT
    date_order: DateOrder | None = None
    date_orders: Mapping[str, DateOrder] = field(default_factory=dict)
    allow_resubscribe: bool = False
    action_for_unchanged: bool = False
    write_modes: Mapping[str, WriteMode] = field(default_factory=dict)
    replacements: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal value."""
        plain = asdict(self)
        plain["from_file"] = sorted(self.from_file)
        plain["segment_ids"] = list(self.segment_ids)
        plain["action_date"] = self.action_date and self.action_date.isoformat()
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "ImportSettings":
        """The settings that `to_json` wrote; keys it does not know are an error."""
        known = {one.name for one in fields(cls)}
        if unknown := set(plain) - known:
            raise ValueError(f"unknown import settings: {', '.join(sorted(unknown))}")
        read = cls(**plain)
        return replace(
            read,
            task=TaskKind(read.task),
            from_file=frozenset(Switch(one) for one in read.from_file),
            segment_ids=tuple(read.segment_ids),
            action_date=dt.datetime.fromisoformat(plain["action_date"]) if plain.get("action_date") else None,
            empty_cells=EmptyCells(read.empty_cells),
            conflicts=Conflicts(read.conflicts),
            date_order=DateOrder(read.date_order) if read.date_order else None,
            date_orders={column: DateOrder(order) for column, order in read.date_orders.items()},
            write_modes={name: WriteMode(mode) for name, mode in read.write_modes.items()},
        )

    def mode_of(self, name: str) -> WriteMode:
        """What this import may do to the field `name` of an existing customer."""
        return self.write_modes.get(name, WriteMode.OVERWRITE)


@dataclass(frozen=True)
class RowSettings:
    """The settings cells of one row as ids of the catalog; None where the cell is empty or there is none.

    `touchpoint_id` and `template_id` are those of the columns that the row's outcome reads (Source… or LastUpdate…).
    """

    api_endpoint_id: int | None = None
    touchpoint_id: int | None = None
    template_id: int | None = None


@dataclass(frozen=True)
class Resolved:
    """What a row gets: endpoint, touchpoint and action template (NO_ACTION: none), each with its origin."""

    api_endpoint_id: int
    touchpoint_id: int
    template_id: int
    origins: Mapping[str, Origin]


def resolve(settings: ImportSettings, catalog: Catalog, row: RowSettings, *, created: bool) -> Resolved:
    """What a row that creates (or else changes) a customer gets, and from where (rules §3)."""
    endpoint, endpoint_origin = _first(
        (row.api_endpoint_id, Origin.FILE),
        (settings.api_endpoint_id, Origin.FIXED),
        (catalog.project.api_endpoint_id, Origin.PROJECT),
        (catalog.shipped.api_endpoint_id, Origin.SHIPPED),
    )
    touchpoint, touchpoint_origin = _first(
        (row.touchpoint_id, Origin.FILE),
        (settings.touchpoint_id, Origin.FIXED),
        (catalog.touchpoint_of(endpoint), Origin.AUTOMATIC),
    )
    template, template_origin = _template(settings, catalog, row, created=created)
    origins = {"api_endpoint": endpoint_origin, "touchpoint": touchpoint_origin, "template": template_origin}
    return Resolved(endpoint, touchpoint, template, origins)


def _template(settings: ImportSettings, catalog: Catalog, row: RowSettings, *, created: bool) -> tuple[int, Origin]:
    project, shipped = catalog.project, catalog.shipped
    return _first(
        (row.template_id, Origin.FILE),
        (settings.source_template_id if created else settings.existing_template_id, Origin.FIXED),
        (project.source_template_id if created else project.existing_template_id, Origin.PROJECT),
        (shipped.source_template_id if created else shipped.existing_template_id, Origin.SHIPPED),
    )


def _first(*candidates: tuple[int | None, Origin]) -> tuple[int, Origin]:
    """The first candidate that is set; the last one always is."""
    for value, origin in candidates:
        if value is not None:
            return value, origin
    raise ValueError("the last origin of a setting is always set")


def country_of(settings: ImportSettings, catalog: Catalog) -> tuple[str | None, Origin]:
    """The phone country of rows that name none (rules §2.6)."""
    if settings.phone_country:
        return settings.phone_country, Origin.FIXED
    if catalog.project.phone_country:
        return catalog.project.phone_country, Origin.PROJECT
    return None, Origin.NONE
