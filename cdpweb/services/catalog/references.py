"""What refers to an entry of the catalog: only what nothing refers to can be deleted."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, literal, or_, select
from sqlalchemy.orm import Session

from cdpweb.domain.fields import (
    CONSENT_ALL,
    CUSTOM_FIELD_PREFIX,
    EXTERNAL_ID_PREFIX,
    GROUP_PAIR,
    SEGMENT_PAIR,
    SEGMENT_PREFIX,
)
from cdpweb.domain.tasks import Status
from cdpweb.models import (
    Action,
    ActionTemplate,
    ApiEndpoint,
    Area,
    Choice,
    Customer,
    CustomField,
    ExternalId,
    ExternalSystem,
    Project,
    Segment,
    SegmentGroup,
    SegmentMember,
    Task,
    Topic,
    Touchpoint,
)
from cdpweb.models.postings import Posted
from cdpweb.services.catalog.kinds import words_of
from cdpweb.services.customers import postings

ENDED = (Status.FINISHED, Status.CANCELLED, Status.UNDONE)


def references(session: Session, row: Any) -> list[str]:
    """What refers to `row`, as parts of a sentence; stops at the first that needs a walk through a large table."""
    return list(_FINDERS[type(row)](session, row))


def channel_users(session: Session, topic: Topic, channel: str) -> bool:
    """Whether a customer has said yes or no to a topic in a channel."""
    return _any(session, Customer.consents[f"{CONSENT_ALL}By{channel}On{topic.system_name}"].as_string().is_not(None))


def _of_touchpoint(session: Session, row: Touchpoint) -> Iterator[str]:
    yield from _rows(session, "it is the parent of", Touchpoint.parent_id == row.id, Touchpoint)
    yield from _rows(session, "API endpoints lead to it:", ApiEndpoint.touchpoint_id == row.id, ApiEndpoint)
    yield from _tasks(session, "touchpoint_id", row.id)
    yield from _cells(session, "SourcePointOfContact", "LastUpdatePointOfContact")
    yield from _customers(session, _posted(session, Posted.SOURCE_TOUCHPOINT, row), Action.touchpoint_id == row.id)


def _of_endpoint(session: Session, row: ApiEndpoint) -> Iterator[str]:
    yield from _project(session, Project.api_endpoint_id == row.id)
    yield from _tasks(session, "api_endpoint_id", row.id)
    yield from _cells(session, "ApiEndpoint")
    yield from _customers(session, Customer.source_endpoint_id == row.id, Action.endpoint_id == row.id)


def _of_template(session: Session, row: ActionTemplate) -> Iterator[str]:
    yield from _project(session, or_(Project.source_template_id == row.id, Project.existing_template_id == row.id))
    yield from _tasks(session, "source_template_id", row.id)
    yield from _tasks(session, "existing_template_id", row.id)
    yield from _cells(session, "SourceActionTemplate", "LastUpdateActionTemplate")
    yield from _customers(session, _posted(session, Posted.SOURCE_TEMPLATE, row), Action.template_id == row.id)


def _of_group(session: Session, row: SegmentGroup) -> Iterator[str]:
    yield from _rows(session, "it holds segments:", Segment.group_id == row.id, Segment)
    yield from _columns(session, f"{SEGMENT_PREFIX}{row.system_name}")
    yield from _cells(session, GROUP_PAIR)


def _of_segment(session: Session, row: Segment) -> Iterator[str]:
    yield from _tasks(session, "segment_ids", row.id)
    yield from _cells(session, f"{SEGMENT_PREFIX}{row.group.system_name}", SEGMENT_PAIR)
    if _any(session, SegmentMember.segment_id == row.id):
        yield "customers are in it"


def _of_field(session: Session, row: CustomField) -> Iterator[str]:
    yield from _columns(session, f"{CUSTOM_FIELD_PREFIX}{row.system_name}")
    if _any(session, Customer.custom[row.system_name].as_string().is_not(None)):
        yield "customers have values in it"


def _of_choice(session: Session, row: Choice) -> Iterator[str]:
    yield from _cells(session, f"{CUSTOM_FIELD_PREFIX}{row.field.system_name}")
    stored = literal("|") + Customer.custom[row.field.system_name].as_string() + "|"
    if _any(session, stored.contains(f"|{row.external_id}|", autoescape=True)):
        yield "customers have it"


def _of_system(session: Session, row: ExternalSystem) -> Iterator[str]:
    yield from _columns(session, f"{EXTERNAL_ID_PREFIX}{row.system_name}")
    if _any(session, ExternalId.system_id == row.id):
        yield "customers have IDs in it"


def _of_topic(session: Session, row: Topic) -> Iterator[str]:
    columns = [f"{CONSENT_ALL}By{channel}On{row.system_name}" for channel in row.channels]
    yield from _columns(session, *columns)
    if _any(session, or_(*(Customer.consents[column].as_string().is_not(None) for column in columns))):
        yield "customers have said yes or no to it"


def _of_area(session: Session, row: Area) -> Iterator[str]:
    yield from _rows(session, "it is the parent of", Area.parent_id == row.id, Area)
    yield from _cells(session, "Area")
    if _any(session, Customer.area == row.external_id):
        yield "customers live in it"


def _rows(session: Session, words: str, condition: ColumnElement[bool], model: Any) -> Iterator[str]:
    if found := list(session.scalars(select(model).where(condition).order_by(model.name))):
        yield f"{words} {words_of(found)}"


def _project(session: Session, condition: ColumnElement[bool]) -> Iterator[str]:
    if _any(session, condition):
        yield "it is a default of the project"


def _customers(session: Session, source: ColumnElement[bool], action: ColumnElement[bool]) -> Iterator[str]:
    if _any(session, source):
        yield "customers were created with it"
    elif _any(session, action):
        yield "actions of customers have it"


def _posted(session: Session, kind: Posted, row: Touchpoint | ActionTemplate) -> ColumnElement[bool]:
    return postings.posted(kind, postings.buckets(session, kind), str(row.id))


def _tasks(session: Session, setting: str, row_id: int) -> Iterator[str]:
    """Tasks that were launched with it: their pages show it for ever."""
    for task_id, settings in session.execute(select(Task.id, Task.settings).order_by(Task.id)):
        chosen = settings.get(setting)
        if chosen == row_id or (isinstance(chosen, list) and row_id in chosen):
            yield f"task {task_id} was launched with it"
            return


def _columns(session: Session, *columns: str) -> Iterator[str]:
    """A task that may still read a column that it generates."""
    if task_id := _reader(session, *columns):
        yield f"task {task_id} is not done with its column"


def _cells(session: Session, *columns: str) -> Iterator[str]:
    """A task in whose file a cell may still name it."""
    if task_id := _reader(session, *columns):
        yield f"task {task_id} is not done with a file that may name it"


def _reader(session: Session, *columns: str) -> int | None:
    """The first task that may still read one of these columns."""
    unfinished = select(Task.id, Task.columns).where(Task.status.not_in(ENDED)).order_by(Task.id)
    return next((number for number, mapped in session.execute(unfinished) if set(columns) & set(mapped)), None)


def _any(session: Session, condition: ColumnElement[bool]) -> bool:
    return session.scalar(select(literal(1)).where(condition).limit(1)) is not None


_FINDERS: dict[Any, Callable[[Session, Any], Iterator[str]]] = {
    Touchpoint: _of_touchpoint,
    ApiEndpoint: _of_endpoint,
    ActionTemplate: _of_template,
    SegmentGroup: _of_group,
    Segment: _of_segment,
    CustomField: _of_field,
    Choice: _of_choice,
    ExternalSystem: _of_system,
    Topic: _of_topic,
    Area: _of_area,
}
