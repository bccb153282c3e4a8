"""Settings: the project, its junk list, and every kind of entry of the catalog through the same few pages."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response

from cdpweb.extensions import db
from cdpweb.services import audit
from cdpweb.services.catalog import project
from cdpweb.services.catalog.attributes import Attribute, Choices, Flag, Reference
from cdpweb.services.catalog.choices import remove_choices
from cdpweb.services.catalog.entries import LISTED, create, delete, edit, find, listed
from cdpweb.services.catalog.kinds import CUSTOM_FIELDS, KINDS, SEGMENT_GROUPS, SEGMENTS, Kind, kind_of
from cdpweb.services.refused import Refused
from cdpweb.web import access
from cdpweb.web.arguments import LARGEST_CATALOG_ID
from cdpweb.web.catalog_form import AttributesForm, attributes_form

bp = Blueprint("settings", __name__, url_prefix="/settings")

PAGES = tuple(kind for kind in KINDS.values() if kind is not SEGMENTS)
"""The kinds that have a list of their own; segments stand with their groups."""


class KindConverter(BaseConverter):
    """A kind in an address: `/settings/api-endpoints`."""

    regex = "|".join(name.replace("_", "-") for name in KINDS)

    def to_python(self, value: str) -> Kind:
        """The kind of this name."""
        return KINDS[value.replace("-", "_")]

    def to_url(self, value: Kind) -> str:
        """The name of the kind."""
        return value.plural.replace("_", "-")


@bp.record_once
def _know_kinds(state: Any) -> None:
    state.app.url_map.converters["kind"] = KindConverter


@bp.get("")
def index() -> str:
    """Lead to everything that can be set."""
    return render_template("settings/index.html", kinds=PAGES)


# The project


@bp.get("/project")
def show_project() -> str:
    """Show the project's defaults."""
    return render_template("settings/project.html", form=_project_form())


@bp.post("/project")
def update_project() -> tuple[str, int] | Response:
    """Change the project's defaults."""
    form = _project_form()
    try:
        project.edit_project(db.session, form.entry())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentences)
        return render_template("settings/project.html", form=form), 422
    return _saved("project_edited", url_for("settings.index"))


def _project_form() -> AttributesForm:
    return attributes_form(db.session, project.ATTRIBUTES, project.defaults(db.session))


@bp.get("/junk")
def show_junk() -> str:
    """Show the junk list."""
    junk = project.project_of(db.session).junk
    return render_template("settings/junk.html", text="\n".join(junk), sentence="")


@bp.post("/junk")
def update_junk() -> tuple[str, int] | Response:
    """Replace the junk list."""
    text = request.form.get("junk", "")
    try:
        project.edit_junk(db.session, text.splitlines())
    except Refused as refused:
        db.session.rollback()
        return render_template("settings/junk.html", text=text, sentence=refused.sentences["junk"]), 422
    return _saved("junk_edited", url_for("settings.index"))


# The catalog


@bp.get("/<kind:kind>")
def entries(kind: Kind) -> str | Response:
    """List the entries of a kind."""
    if kind is SEGMENTS:
        return redirect(url_for("segments.index"))
    text = request.args.get("q", "").strip()
    found = listed(db.session, kind, text)
    attributes = [one for one in kind.attributes if one.name != "name"]
    return render_template(
        "settings/entries.html",
        kind=kind,
        found=found,
        text=text,
        attributes=attributes,
        columns=[("Name", ""), *((one.label, "") for one in attributes)],
        words=_words,
        most=LISTED,
    )


@bp.get("/<kind:kind>/new")
def new(kind: Kind) -> str:
    """Show an empty form for an entry."""
    return _entry_page(kind, None, attributes_form(db.session, kind.attributes, request.args))


@bp.post("/<kind:kind>/new")
def add(kind: Kind) -> tuple[str, int] | Response:
    """Create an entry."""
    form = attributes_form(db.session, kind.attributes, {})
    try:
        row = create(db.session, kind, form.entry())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentences)
        return _entry_page(kind, None, form), 422
    return _saved(f"{kind.plural}_created", _above(kind, row), id=row.id)


@bp.get("/<kind:kind>/<int:id>")
def show(kind: Kind, id: int) -> str:
    """Show an entry to be edited."""
    row = _row(kind, id)
    return _entry_page(kind, row, _form_of(kind, row))


@bp.post("/<kind:kind>/<int:id>")
def update(kind: Kind, id: int) -> tuple[str, int] | Response:
    """Change an entry."""
    row = _row(kind, id)
    form = _form_of(kind, row)
    try:
        _remove_choices(kind, row, form)
        edit(db.session, row, form.entry())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentences)
        return _entry_page(kind, _row(kind, id), form), 422
    return _saved(f"{kind.plural}_edited", _above(kind, row), id=id)


@bp.post("/<kind:kind>/<int:id>/delete")
def remove(kind: Kind, id: int) -> tuple[str, int] | Response:
    """Delete an entry that nothing refers to."""
    row = _row(kind, id)
    name, above = row.name, _above(kind, row)
    try:
        delete(db.session, row)
    except Refused as refused:
        db.session.rollback()
        row = _row(kind, id)
        return _entry_page(kind, row, _form_of(kind, row, posted=False), refused.sentences[""]), 422
    return _saved(f"{kind.plural}_deleted", above, f"“{name}” has been deleted.", id=id)


def _saved(event: str, address: str, sentence: str = "Saved.", **subject: int) -> Response:
    audit.record(event, person=access.person(), **subject)
    db.session.commit()
    flash(sentence, "positive")
    return redirect(address, code=303)


def _row(kind: Kind, id: int) -> Any:
    row = find(db.session, kind, id) if id <= LARGEST_CATALOG_ID else None
    return row or abort(404, f"There is no such {kind.noun}; it may have been deleted.")


def _above(kind: Kind, row: Any) -> str:
    """The page from which an entry is reached."""
    if kind is SEGMENTS:
        return url_for("settings.show", kind=SEGMENT_GROUPS, id=row.group_id)
    if kind is SEGMENT_GROUPS:
        return url_for("segments.index")
    return url_for("settings.entries", kind=kind)


def _entry_page(kind: Kind, row: Any, form: AttributesForm, refusal: str = "") -> str:
    fixed = (
        []
        if row is None
        else [(one.label, _words(one, row)) for one in kind.attributes_of(row) if one not in form.attributes]
    )
    segments = row.segments if row is not None and kind is SEGMENT_GROUPS else None
    columns = [] if row is None else kind.columns(vars(row))
    return render_template(
        "settings/entry.html",
        kind=kind,
        row=row,
        form=form,
        refusal=refusal,
        fixed=fixed,
        columns=columns,
        segments=segments,
        segment_kind=SEGMENTS,
        is_shipped=row is not None and getattr(row, kind.key) in kind.shipped,
    )


def _form_of(kind: Kind, row: Any, *, posted: bool = True) -> AttributesForm:
    """The form of what can still be changed; `posted`: with what the request posted."""
    open_ones = [one for one in kind.attributes_of(row) if not one.fixed or getattr(row, one.name) is None]
    return attributes_form(db.session, open_ones, kind.entry(row), posted=posted)


def _remove_choices(kind: Kind, row: Any, form: AttributesForm) -> None:
    if kind is CUSTOM_FIELDS and "choices" in form:
        kept = {one["external_id"] for one in form.entry()["choices"]}
        remove_choices(db.session, row, {one.external_id for one in row.choices} - kept)


def _words(attribute: Attribute, row: Any) -> str:
    """An attribute as a list shows it."""
    if attribute not in kind_of(row).attributes_of(row):
        return ""
    value = getattr(row, attribute.name)
    if isinstance(attribute, Reference):
        return value.name if value else ""
    if isinstance(attribute, Flag):
        return "yes" if value else "no"
    if isinstance(attribute, Choices):
        return str(len(value))
    return ", ".join(value) if isinstance(value, list) else value or ""
