"""The catalog's tables as one frozen value that the pure code reads."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from cdpweb.domain import catalog, junk
from cdpweb.models import shipped
from cdpweb.models.catalog import (
    ActionTemplate,
    ApiEndpoint,
    Area,
    CustomField,
    ExternalSystem,
    Project,
    SegmentGroup,
    Topic,
    Touchpoint,
)


def snapshot(session: Session) -> catalog.Catalog:
    """The whole catalog as it is now, each kind in the order of creation; needs a database that has been shipped."""
    touchpoints = tuple(
        catalog.Touchpoint(row.id, row.external_id, row.name, row.parent_id) for row in _all(session, Touchpoint)
    )
    endpoints = tuple(
        catalog.ApiEndpoint(row.id, row.system_name, row.name, row.touchpoint_id) for row in _all(session, ApiEndpoint)
    )
    templates = tuple(
        catalog.ActionTemplate(row.id, row.system_name, row.name) for row in _all(session, ActionTemplate)
    )
    return catalog.Catalog(
        shipped=_shipped(touchpoints, endpoints, templates),
        project=_project(session),
        touchpoints=touchpoints,
        api_endpoints=endpoints,
        segment_groups=tuple(_group(row) for row in _all(session, SegmentGroup, SegmentGroup.segments)),
        action_templates=templates,
        custom_fields=tuple(_custom_field(row) for row in _all(session, CustomField, CustomField.choices)),
        external_systems=tuple(
            catalog.ExternalSystem(row.id, row.system_name, row.name) for row in _all(session, ExternalSystem)
        ),
        topics=tuple(catalog.Topic(row.system_name, row.name, tuple(row.channels)) for row in _all(session, Topic)),
        areas=_areas(session),
    )


def _all(session: Session, kind: Any, *related: Any) -> list[Any]:
    statement = select(kind).options(*(selectinload(one) for one in related)).order_by(kind.id)
    return list(session.scalars(statement))


def _shipped(
    touchpoints: tuple[catalog.Touchpoint, ...],
    endpoints: tuple[catalog.ApiEndpoint, ...],
    templates: tuple[catalog.ActionTemplate, ...],
) -> catalog.Shipped:
    template_ids = {one.system_name: one.id for one in templates}
    return catalog.Shipped(
        api_endpoint_id={one.system_name: one.id for one in endpoints}[shipped.API_ENDPOINT],
        touchpoint_id={one.external_id: one.id for one in touchpoints}[shipped.TOUCHPOINT],
        source_template_id=template_ids[shipped.CREATION_TEMPLATE],
        existing_template_id=template_ids[shipped.EDIT_TEMPLATE],
    )


def _project(session: Session) -> catalog.Project:
    row = session.get_one(Project, shipped.PROJECT_ID)
    emails, phones = junk.split(row.junk)
    return catalog.Project(
        time_zone=row.time_zone,
        phone_country=row.phone_country,
        api_endpoint_id=row.api_endpoint_id,
        source_template_id=row.source_template_id,
        existing_template_id=row.existing_template_id,
        junk_emails=emails,
        junk_phones=phones,
    )


def _group(row: SegmentGroup) -> catalog.SegmentGroup:
    segments = tuple(
        catalog.Segment(one.id, one.group_id, one.system_name, one.name, one.external_id) for one in row.segments
    )
    return catalog.SegmentGroup(row.id, row.system_name, row.name, row.external_id, segments)


def _custom_field(row: CustomField) -> catalog.CustomField:
    choices = tuple(catalog.Choice(one.external_id, one.name) for one in row.choices)
    return catalog.CustomField(
        row.system_name, row.name, catalog.FieldType(row.type), row.multiple, row.create_missing, choices
    )


def _areas(session: Session) -> tuple[catalog.Area, ...]:
    rows = _all(session, Area)
    external_ids: Mapping[int, str] = {row.id: row.external_id for row in rows}
    return tuple(
        catalog.Area(row.external_id, row.name, row.parent_id and external_ids[row.parent_id], row.time_zone)
        for row in rows
    )
