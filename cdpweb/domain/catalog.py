"""The catalog: a base's settings as one frozen snapshot that the pure code reads (product §1)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Protocol, TypeVar

CHANNELS = ("Email", "Sms", "Viber", "MobilePush", "WebPush")


class FieldType(StrEnum):
    """The types a custom field may have."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATE_TIME = "date-time"
    CHOICE = "choice"


@dataclass(frozen=True)
class Touchpoint:
    """A channel, site or store that a customer or action is linked to."""

    id: int
    external_id: str
    name: str
    parent_id: int | None = None


@dataclass(frozen=True)
class ApiEndpoint:
    """A system that customers come from, with exactly one touchpoint."""

    id: int
    system_name: str
    name: str
    touchpoint_id: int


@dataclass(frozen=True)
class Segment:
    """A static segment of one group."""

    id: int
    group_id: int
    system_name: str
    name: str
    external_id: str | None = None


@dataclass(frozen=True)
class SegmentGroup:
    """A group of segments; a customer is in at most one of them."""

    id: int
    system_name: str
    name: str
    external_id: str | None = None
    segments: tuple[Segment, ...] = ()

    def segment(self, text: str) -> Segment | None:
        """The segment with this system name (any case) or external ID (exact)."""
        named = {segment.system_name.casefold(): segment for segment in self.segments}
        identified = {segment.external_id: segment for segment in self.segments if segment.external_id}
        return named.get(text.casefold()) or identified.get(text)


@dataclass(frozen=True)
class ActionTemplate:
    """A kind of event in the activity feed."""

    id: int
    system_name: str
    name: str


@dataclass(frozen=True)
class Choice:
    """One value of a choice field; customers store its external ID."""

    external_id: str
    name: str


@dataclass(frozen=True)
class CustomField:
    """A field of the project's own."""

    system_name: str
    name: str
    type: FieldType = FieldType.TEXT
    multiple: bool = False
    create_missing: bool = False
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class ExternalSystem:
    """A system whose IDs identify customers."""

    id: int
    system_name: str
    name: str


@dataclass(frozen=True)
class Topic:
    """A topic that customers subscribe to in some channels."""

    system_name: str
    name: str
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Area:
    """A place customers live in; they store its external ID."""

    external_id: str
    name: str
    parent: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True)
class Project:
    """The project's defaults (rules §3) and its junk list (rules §2.11)."""

    time_zone: str = "UTC"
    phone_country: str | None = None
    api_endpoint_id: int | None = None
    source_template_id: int | None = None
    existing_template_id: int | None = None
    junk_emails: frozenset[str] = frozenset()
    junk_phones: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Shipped:
    """Ids of what a new database holds: the last resort of every setting."""

    api_endpoint_id: int
    touchpoint_id: int
    source_template_id: int
    existing_template_id: int


class _Named(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def system_name(self) -> str: ...


N = TypeVar("N", bound=_Named)


def _by_system_name(named: Iterable[N]) -> dict[str, N]:
    return {one.system_name.casefold(): one for one in named}


@dataclass(frozen=True)
class Catalog:
    """Everything a row may refer to. System names are looked up in any case, external IDs exactly."""

    shipped: Shipped
    project: Project = field(default_factory=Project)
    touchpoints: tuple[Touchpoint, ...] = ()
    api_endpoints: tuple[ApiEndpoint, ...] = ()
    segment_groups: tuple[SegmentGroup, ...] = ()
    action_templates: tuple[ActionTemplate, ...] = ()
    custom_fields: tuple[CustomField, ...] = ()
    external_systems: tuple[ExternalSystem, ...] = ()
    topics: tuple[Topic, ...] = ()
    areas: tuple[Area, ...] = ()

    @cached_property
    def _touchpoints(self) -> dict[str, Touchpoint]:
        return {touchpoint.external_id: touchpoint for touchpoint in self.touchpoints}

    @cached_property
    def _endpoints(self) -> dict[str, ApiEndpoint]:
        return _by_system_name(self.api_endpoints)

    @cached_property
    def _endpoint_touchpoints(self) -> dict[int, int]:
        return {endpoint.id: endpoint.touchpoint_id for endpoint in self.api_endpoints}

    @cached_property
    def _templates(self) -> dict[str, ActionTemplate]:
        return _by_system_name(self.action_templates)

    @cached_property
    def _groups(self) -> dict[str, SegmentGroup]:
        return _by_system_name(self.segment_groups)

    def touchpoint(self, external_id: str) -> Touchpoint | None:
        """The touchpoint with this external ID."""
        return self._touchpoints.get(external_id)

    def api_endpoint(self, system_name: str) -> ApiEndpoint | None:
        """The API endpoint with this system name."""
        return self._endpoints.get(system_name.casefold())

    def touchpoint_of(self, api_endpoint_id: int) -> int:
        """The id of the one touchpoint of an API endpoint."""
        return self._endpoint_touchpoints[api_endpoint_id]

    def action_template(self, system_name: str) -> ActionTemplate | None:
        """The action template with this system name."""
        return self._templates.get(system_name.casefold())

    def segment_group(self, text: str) -> SegmentGroup | None:
        """The group with this system name, or else this external ID."""
        identified = (group for group in self.segment_groups if group.external_id == text)
        return self._groups.get(text.casefold()) or next(identified, None)

    def segment(self, segment_id: int) -> Segment | None:
        """The segment with this id, whichever group it is in."""
        return next((one for group in self.segment_groups for one in group.segments if one.id == segment_id), None)
