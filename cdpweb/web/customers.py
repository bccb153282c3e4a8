"""Customers: searched, looked at, edited, deleted, exported (product §5)."""

from collections.abc import Mapping
from typing import Any, NoReturn

from flask import Blueprint, abort, flash, redirect, render_template, request, stream_with_context, url_for
from werkzeug.wrappers import Response

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.tasks import Outcome
from cdpweb.extensions import db
from cdpweb.models import Customer
from cdpweb.models.snapshot import snapshot
from cdpweb.services import audit
from cdpweb.services.customers import profile, removal
from cdpweb.services.customers.editing import edit_customer
from cdpweb.services.customers.lanes import COUNTED, Cursor, Filters
from cdpweb.services.customers.search import find_page
from cdpweb.services.customers.stored import stored
from cdpweb.services.exports import export
from cdpweb.services.refused import Refused
from cdpweb.web import access, sealing
from cdpweb.web.arguments import LARGEST_CATALOG_ID, LARGEST_ID, number
from cdpweb.web.customer_form import customer_form
from cdpweb.web.templating import clock

bp = Blueprint("customers", __name__, url_prefix="/customers")

OUTCOMES = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)
"""What can become of a row that has a customer."""


@bp.get("")
def index() -> str:
    """List the customers who meet the search and the filters, newest first."""
    catalog, filters = snapshot(db.session), _filters(sealing.opened(), request.args)
    page = find_page(db.session, catalog, filters, _cursor())
    kept = _kept(filters, request.args.get(sealing.ARGUMENT, ""))
    return render_template(
        "customers/index.html",
        page=page,
        filters=filters,
        kept=kept,
        choices=_choices(catalog),
        names=_names(catalog),
        counted=COUNTED,
        name_of=profile.name_of,
        previous=_address(page.previous, kept),
        next=_address(page.next, kept),
    )


@bp.post("")
def search() -> Response:
    """Lead to those who meet the search, which stands sealed in their address."""
    text = request.form.get("q", "").strip()
    filters = _filters(text, request.form)
    return redirect(url_for("customers.index", **_kept(filters, sealing.sealed(text) if text else "")), code=303)


@bp.get("/export.csv")
def export_csv() -> Response:
    """Send the customers who meet the search and the filters as a file that the import reads again."""
    filters = _filters(sealing.opened(), request.args)
    pieces = export(db.session, snapshot(db.session), filters, with_ids="ids" in request.args)
    audit.record("customers_exported", person=access.person(), **_numbers(filters))
    answer = Response(stream_with_context(piece.encode() for piece in pieces), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=customers.csv"
    return answer


@bp.get("/<int:id>")
def show(id: int) -> str:
    """Show all that is known of a customer."""
    customer, catalog = _customer(id), snapshot(db.session)
    events, feed_goes_on = profile.feed(db.session, catalog, id, number("feed"))
    edits, changes_go_on = profile.changelog(db.session, catalog, id, number("changes"))
    return render_template(
        "customers/show.html",
        profile=profile.profile_of(db.session, catalog, customer),
        events=events,
        edits=edits,
        next_events=url_for("customers.show", id=id, feed=feed_goes_on, _anchor="feed") if feed_goes_on else "",
        next_edits=url_for("customers.show", id=id, changes=changes_go_on, _anchor="changes") if changes_go_on else "",
    )


@bp.get("/<int:id>/edit")
def edit(id: int) -> str:
    """Show a customer's fields to be edited."""
    customer, catalog = _customer(id), snapshot(db.session)
    texts = stored(db.session, [customer])[0].texts(catalog)
    return _edit_page(customer, customer_form(catalog, texts))


@bp.post("/<int:id>/edit")
def update(id: int) -> tuple[str, int] | Response:
    """Change what the person has changed."""
    customer, catalog = _customer(id), snapshot(db.session)
    form = customer_form(catalog, stored(db.session, [customer])[0].texts(catalog))
    try:
        changed = edit_customer(db.session, catalog, customer, form.given(), form.seen(), access.person())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentences)
        return _edit_page(_customer(id), form), 422
    db.session.commit()
    flash("Saved." if changed else "Nothing was changed.", "positive" if changed else "caution")
    return redirect(url_for("customers.show", id=id), code=303)


@bp.get("/<int:id>/delete")
def confirm_delete(id: int) -> str:
    """Say what will be gone with a customer, and ask."""
    customer = _customer(id)
    losses = removal.losses(db.session, customer)
    return render_template("customers/delete.html", customer=customer, name=profile.name_of(customer), losses=losses)


@bp.post("/<int:id>/delete")
def delete(id: int) -> Response:
    """Delete a customer."""
    removal.delete_customer(db.session, _customer(id), access.person())
    db.session.commit()
    flash(f"Customer {id} has been deleted.", "positive")
    return redirect(url_for("customers.index"), code=303)


def _edit_page(customer: Customer, form: Any) -> str:
    return render_template("customers/edit.html", customer=customer, name=profile.name_of(customer), form=form)


def _customer(id: int) -> Customer:
    """The customer, or 404 with what became of him."""
    if id > LARGEST_ID:
        abort(404, f"There is no customer {id}.")
    return db.session.get(Customer, id) or _missing(id)


def _missing(id: int) -> NoReturn:
    deletion = removal.deletion_of(db.session, id)
    if deletion is None:
        abort(404, f"There is no customer {id}.")
    abort(404, f"Customer {id} was deleted on {clock(deletion.at)} by {deletion.author or 'hand'}.")


# The search


def _filters(text: str, given: Mapping[str, str]) -> Filters:
    outcome = given.get("outcome", "")
    return Filters(
        text=text,
        segment_id=number("segment", LARGEST_CATALOG_ID, given),
        touchpoint_id=number("touchpoint", LARGEST_CATALOG_ID, given),
        template_id=number("template", LARGEST_CATALOG_ID, given),
        task_id=number("task", LARGEST_CATALOG_ID, given),
        outcome=Outcome(outcome) if outcome in set(Outcome) else None,
        only_ids=not access.sees_personal(),
    )


def _numbers(filters: Filters) -> dict[str, int]:
    """The filters that are numbers: what is searched for may be personal."""
    named = {
        "segment": filters.segment_id,
        "touchpoint": filters.touchpoint_id,
        "template": filters.template_id,
        "task": filters.task_id,
    }
    return {name: value for name, value in named.items() if value is not None}


def _kept(filters: Filters, token: str) -> dict[str, Any]:
    """The filters as arguments of an address, what is searched for as `token`."""
    words = {sealing.ARGUMENT: token, "outcome": filters.outcome.value if filters.outcome else ""}
    return {**{name: value for name, value in words.items() if value}, **_numbers(filters)}


def _cursor() -> Cursor | None:
    after, before = number("after"), number("before")
    if after is not None:
        return Cursor(after)
    return Cursor(before, backwards=True) if before is not None else None


def _address(cursor: Cursor | None, kept: Mapping[str, Any]) -> str:
    if cursor is None:
        return ""
    place: dict[str, Any] = {"before" if cursor.backwards else "after": cursor.key}
    return url_for("customers.index", **kept, **place)


def _choices(catalog: Catalog) -> dict[str, list[tuple[Any, str]]]:
    """What the filters offer."""
    segments = [(one.id, f"{group.name}: {one.name}") for group in catalog.segment_groups for one in group.segments]
    return {
        "segment": [("", "any"), *segments],
        "touchpoint": [("", "any"), *((one.id, one.name) for one in catalog.touchpoints)],
        "template": [("", "any"), *((one.id, one.name) for one in catalog.action_templates)],
        "outcome": [("", "any"), *((one.value, one.value) for one in OUTCOMES)],
    }


def _names(catalog: Catalog) -> dict[str, dict[int | None, str]]:
    return {
        "touchpoint": {one.id: one.name for one in catalog.touchpoints},
        "template": {one.id: one.name for one in catalog.action_templates},
    }
