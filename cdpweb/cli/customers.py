"""`customer`: one customer, with everything that is known of him (product §6)."""

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from cdpweb.cli.base import with_base
from cdpweb.domain.catalog import Catalog
from cdpweb.domain.consent import Statement
from cdpweb.extensions import db
from cdpweb.models import Change, Customer
from cdpweb.models.snapshot import snapshot
from cdpweb.services.customers import profile
from cdpweb.services.customers.lookup import owners
from cdpweb.services.customers.profile import Edit, Event, Profile
from cdpweb.services.refused import Refused

One = TypeVar("One")


@click.command("customer")
@click.argument("identifier")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@with_base
def show(identifier: str, is_json: bool) -> None:
    """Show the customer with this email, phone, external ID or CustomerId."""
    db.session.info["writes"] = False
    catalog = snapshot(db.session)
    customer = _find(catalog, identifier)
    known = profile.profile_of(db.session, catalog, customer)
    events = list(_all(lambda at: profile.feed(db.session, catalog, customer.id, at)))
    edits = list(_all(lambda at: profile.changelog(db.session, catalog, customer.id, at)))
    if is_json:
        click.echo(json.dumps(_as_json(known, events, edits), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(known, events, edits)))


def _find(catalog: Catalog, identifier: str) -> Customer:
    found = owners(db.session, catalog, identifier)
    if not found:
        raise Refused(f"No customer has the email, phone, external ID or CustomerId “{identifier}”.")
    if len(found) > 1:
        numbers = ", ".join(map(str, sorted(found)))
        raise Refused(f"“{identifier}” may be one of several customers: {numbers}. Ask for one by its CustomerId.")
    return db.session.get_one(Customer, found.pop())


def _all(page: Callable[[int | None], tuple[list[One], int | None]]) -> Iterator[One]:
    """What all pages of a history hold."""
    at: int | None = None
    while True:
        entries, at = page(at)
        yield from entries
        if at is None:
            return


def _as_json(known: Profile, events: list[Event], edits: list[Edit]) -> dict[str, Any]:
    customer = known.customer
    return {
        "customer": customer.id,
        "name": known.name,
        "created_at": customer.created_at.isoformat(),
        "task": customer.created_task_id,
        "row": customer.created_record,
        "identifiers": {line.column: line.text for line in known.identifiers},
        "fields": {line.column: line.text for line in known.fields},
        "segments": {line.column: line.text for line in known.segments},
        "subscriptions": {
            node.column: {
                "said": _state(node.own),
                "at": node.own.at.isoformat() if node.own else None,
                "holds": _state(node.effective),
            }
            for node in known.consents
        },
        "feed": [_event(one) for one in events],
        "changelog": [_change(one.change) for one in edits],
    }


def _state(said: Statement | None) -> str | None:
    return None if said is None else "in" if said.opted_in else "out"


def _event(event: Event) -> dict[str, Any]:
    return {
        "action": event.template,
        "touchpoint": event.touchpoint,
        "api_endpoint": event.endpoint,
        "happened_at": event.action.happened_at.isoformat(),
        "recorded_at": event.action.recorded_at.isoformat(),
        "task": event.action.task_id,
        "row": event.action.record,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "at": change.at.isoformat(),
        "task": change.task_id,
        "row": change.record,
        "author": change.author,
        "fields": change.fields,
    }


def _lines(known: Profile, events: list[Event], edits: list[Edit]) -> Iterator[str]:
    yield f"{known.name}, customer {known.customer.id}"
    for line in (*known.identifiers, *known.fields, *known.segments):
        yield f"  {line.label + ':':<28}{line.shown}"
    for node in known.consents:
        if node.effective:
            yield f"  {node.label + ':':<28}opted {_state(node.effective)}"
    yield "Activity"
    for event in events:
        source = f", task {event.action.task_id} row {event.action.record}" if event.action.task_id else ""
        yield f"  {event.action.happened_at:%Y-%m-%d %H:%M}  {event.template}, {event.touchpoint}{source}"
    yield "Changes"
    for edit in edits:
        change = edit.change
        who = f"task {change.task_id} row {change.record}" if change.task_id else f"by {change.author or 'hand'}"
        for label, old, new in edit.fields:
            yield f"  {change.at:%Y-%m-%d %H:%M}  {label}: {old or 'nothing'} → {new or 'nothing'} ({who})"


COMMANDS = {"customer": show}
