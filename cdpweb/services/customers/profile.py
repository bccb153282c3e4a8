"""The profile of a customer: what is known of him, what happened, what changed (product §5)."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.consent import Statement, Tree
from cdpweb.domain.fields import SEGMENT_PREFIX, Kind
from cdpweb.models import Action, Change, Customer
from cdpweb.services.customers.stored import Stored, stored
from cdpweb.services.customers.words import Words

PAGE_EVENTS = 50
CHANGES_SEARCHED = 2_000
"""How many of a customer's changes are searched for his earlier segments."""


class Line(NamedTuple):
    """A field with its value: as stored, and as a person reads it."""

    column: str
    label: str
    text: str
    shown: str


class Node(NamedTuple):
    """A node of consent: what the customer said of it, what holds, and the label of the node that this comes from."""

    column: str
    label: str
    depth: int
    own: Statement | None
    effective: Statement | None
    origin: str


class EarlierSegment(NamedTuple):
    """A segment that the customer has left, and the change that took him out."""

    group: str
    segment: str
    change: Change


@dataclass(frozen=True)
class Profile:
    """What is known of a customer now, and the segments he has left, latest first."""

    customer: Customer
    name: str
    identifiers: list[Line]
    fields: list[Line]
    consents: list[Node]
    segments: list[Line]
    earlier_segments: list[EarlierSegment]
    source: str


class Event(NamedTuple):
    """One action of the feed with the names of what it refers to; the id of the last event says where a page ends."""

    action: Action
    template: str
    touchpoint: str
    endpoint: str

    @property
    def is_back_dated(self) -> bool:
        """Whether it happened at another time than it was recorded, to the minute."""
        return abs(self.action.recorded_at - self.action.happened_at) >= dt.timedelta(minutes=1)


class Edit(NamedTuple):
    """One change of the changelog: who, when, and for each field its label, old and new value."""

    change: Change
    fields: list[tuple[str, str, str]]


def profile_of(session: Session, catalog: Catalog, customer: Customer) -> Profile:
    """The profile of a customer."""
    own, words = stored(session, [customer])[0], Words(catalog)
    texts = own.texts(catalog)
    return Profile(
        customer=customer,
        name=name_of(customer),
        identifiers=_lines(words, texts, Kind.IDENTIFIER),
        fields=[*_lines(words, texts, Kind.PROFILE), *_lines(words, texts, Kind.CONFIRMATION),
                *_lines(words, texts, Kind.CUSTOM)],
        consents=_nodes(words, own),
        segments=[line for line in _lines(words, texts, Kind.SETTING) if line.column.startswith(SEGMENT_PREFIX)],
        earlier_segments=list(_earlier_segments(session, words, customer)),
        source=_source(catalog, customer),
    )  # fmt: skip


def name_of(customer: Customer) -> str:
    """What a customer is called: his name, else an identifier, else his number."""
    names = (customer.first_name, customer.middle_name, customer.last_name)
    name = " ".join(part for part in names if part)
    return name or customer.email or (f"+{customer.phone}" if customer.phone else f"Customer {customer.id}")


def feed(
    session: Session, catalog: Catalog, customer_id: int, after: int | None = None
) -> tuple[list[Event], int | None]:
    """A page of the activity feed, latest first, behind the action `after`; and the last one if there are more."""
    statement = select(Action).where(Action.customer_id == customer_id)
    if after is not None and (last := session.get(Action, (customer_id, after))):
        same_moment = and_(Action.happened_at == last.happened_at, Action.id < last.id)
        statement = statement.where(or_(Action.happened_at < last.happened_at, same_moment))
    ordered = statement.order_by(Action.happened_at.desc(), Action.id.desc()).limit(PAGE_EVENTS + 1)
    actions = list(session.scalars(ordered))
    templates = {one.id: one.name for one in catalog.action_templates}
    touchpoints = {one.id: one.name for one in catalog.touchpoints}
    endpoints = {one.id: one.name for one in catalog.api_endpoints}
    events = [
        Event(one, templates[one.template_id], touchpoints[one.touchpoint_id], endpoints[one.endpoint_id])
        for one in actions[:PAGE_EVENTS]
    ]
    return events, events[-1].action.id if len(actions) > PAGE_EVENTS else None


def changelog(
    session: Session, catalog: Catalog, customer_id: int, before: int | None = None
) -> tuple[list[Edit], int | None]:
    """A page of the changelog, latest first, before the change `before`; and the last one if there are more."""
    statement = select(Change).where(Change.customer_id == customer_id)
    if before is not None:
        statement = statement.where(Change.id < before)
    changes = list(session.scalars(statement.order_by(Change.id.desc()).limit(PAGE_EVENTS + 1)))
    words = Words(catalog)
    edits = [Edit(one, _edited(words, one)) for one in changes[:PAGE_EVENTS]]
    return edits, edits[-1].change.id if len(changes) > PAGE_EVENTS else None


def _edited(words: Words, change: Change) -> list[tuple[str, str, str]]:
    return [
        (words.label(column), words.value(column, old), words.value(column, new))
        for column, (old, new) in change.fields.items()
    ]


def _lines(words: Words, texts: dict[str, str], kind: Kind) -> list[Line]:
    return [
        Line(name, words.label(name), texts[name], words.value(name, texts[name]))
        for name, field in words.fields.items()
        if field.kind is kind and name in texts
    ]


def _nodes(words: Words, own: Stored) -> list[Node]:
    """The tree of consent from the top down, each node with what holds for it."""
    tree = Tree({name: one.parent for name, one in words.fields.items() if one.kind is Kind.CONSENT})
    states = own.statements
    return [
        Node(node, words.label(node), len(tree.above(node)), states.get(node), tree.effective(states, node),
             next((words.label(one) for one in (node, *tree.above(node)) if one in states), ""))
        for node in tree.parents
    ]  # fmt: skip


def _earlier_segments(session: Session, words: Words, customer: Customer) -> Iterator[EarlierSegment]:
    latest = select(Change).where(Change.customer_id == customer.id).order_by(Change.id.desc()).limit(CHANGES_SEARCHED)
    for change in session.scalars(latest):
        for column, (old, _) in change.fields.items():
            field = words.fields.get(column)
            if old is not None and field and field.kind is Kind.SETTING:
                yield EarlierSegment(words.label(column), words.value(column, old), change)


def _source(catalog: Catalog, customer: Customer) -> str:
    """Where the customer came from: source action and touchpoint."""
    template = next((one.name for one in catalog.action_templates if one.id == customer.source_template_id), "")
    touchpoint = next((one.name for one in catalog.touchpoints if one.id == customer.source_touchpoint_id), "")
    return " at ".join(filter(None, (template, touchpoint)))
