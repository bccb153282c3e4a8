"""The import page: a file is chosen, checked and launched (product §2, rules §1.1)."""

from typing import IO
from urllib.parse import unquote

from flask import Blueprint, Flask, Request, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from cdpweb import queueing
from cdpweb.domain.file_template import template_csv
from cdpweb.extensions import current_config, db
from cdpweb.models import Task, Upload
from cdpweb.models.snapshot import snapshot
from cdpweb.queueing import BrokerDown
from cdpweb.services import imports, uploads
from cdpweb.services.imports import Launch
from cdpweb.services.refused import Refused
from cdpweb.services.uploads import Arrival, DiskFull, TooLarge
from cdpweb.web import access, import_form, import_page
from cdpweb.web.import_page import ImportPage

TEMPLATE_NAME = "cdpweb-customers.csv"
BYTE_ORDER_MARK = "\ufeff"

bp = Blueprint("imports", __name__, url_prefix="/imports")


@bp.get("/new")
def new() -> str:
    """Show an empty import form."""
    return render_template("imports/new.html", page=import_page.build(""))


@bp.post("")
def create() -> Response:
    """Launch the import and lead to its task; a file that comes with the form is first taken in and checked."""
    act = request.form.get("act", "launch")
    arrived = _arrived()
    page = import_page.build(act, arrived)
    if act != "launch":
        return _shown(page)
    is_valid = page.form.validate()
    if page.upload is None:
        page.refusals.setdefault("file", "Choose a file first.")
    if page.upload is None or not (is_valid and page.is_ready):
        return _refused(page)
    return _shown(page) if arrived else _launch(page, page.upload)


@bp.post("/check")
def check() -> str:
    """Show the form as it stands, checked: the fragment that is swapped in after every change."""
    return render_template("imports/_form.html", page=import_page.build(request.form.get("act", "check")))


@bp.post("/upload")
def upload() -> Response:
    """Take in a file that is sent by itself, as the body of the request; the answer names the upload."""
    given_name = unquote(request.headers.get("X-File-Name", ""))
    try:
        taken = uploads.store(
            db.session,
            current_config(),
            request.stream,
            given_name,
            declared_bytes=request.content_length,
            owner=access.person(),
        )
    except Refused as refused:
        answer = jsonify(message=" ".join(refused.sentences.values()))
        return make_response(answer, _status_of(refused))
    db.session.commit()
    return make_response(jsonify(upload=taken.name), 201)


@bp.get("/template.csv")
def template() -> Response:
    """The file template: this base's columns with example rows, marked as UTF-8 so that Excel reads it right."""
    answer = make_response(BYTE_ORDER_MARK + template_csv(snapshot(db.session)))
    answer.mimetype = "text/csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{TEMPLATE_NAME}"'
    return answer


# Launch


def _launch(page: ImportPage, file: Upload) -> Response:
    try:
        task = imports.create_task(db.session, current_config(), _said(page, file))
    except Refused as refused:
        db.session.rollback()
        page.refuse(refused.sentences)
        return _refused(page)
    db.session.commit()
    flash(f"Task {task.id:,} was launched.", "positive")
    _ring(task)
    return redirect(url_for("tasks.show", id=task.id), code=303)


def _said(page: ImportPage, file: Upload) -> Launch:
    form = page.form
    return Launch(
        upload=file,
        settings=import_form.settings_of(form),
        description=form.description.data or "",
        file=import_form.file_settings_of(form),
        decisions=import_form.decisions(),
        skip_empty=bool(form.skip_empty.data),
        reject_unknown_values=bool(form.reject_unknown_values.data),
        new_segments=import_form.new_segments_of(form),
        new_source_template=import_form.new_template_of(form.source_action, form.new_source_action),
        new_existing_template=import_form.new_template_of(form.existing_action, form.new_existing_action),
        form_token=import_form.token_of(form),
        author=access.person(),
    )


def _ring(task: Task) -> None:
    """Call a worker; the task page says so where the broker does not answer, and the watchdog rings again."""
    try:
        queueing.ring(task.id)
    except BrokerDown:
        flash("The job queue does not answer; the import starts by itself when it is back.", "caution")


def _refused(page: ImportPage) -> Response:
    page.was_refused = True
    return make_response(_shown(page), 422)


def _shown(page: ImportPage) -> Response:
    return make_response(render_template("imports/new.html", page=page))


# Files that come within a form


def _arrived() -> Upload | None:
    """The file that came with the form, made an upload."""
    sent: FileStorage | None = request.files.get("file")
    if sent is None or not sent.filename or not isinstance(sent.stream, Arrival):
        return None
    taken = uploads.keep(db.session, sent.stream, sent.filename, owner=access.person())
    db.session.commit()
    return taken


class UploadingRequest(Request):
    """A request whose files go straight to the uploads, so that a large one is written once (rules §1.1)."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self.endpoint == "imports.create" and filename:
            return Arrival(current_config(), total_content_length)  # type: ignore[return-value]
        return super()._get_file_stream(total_content_length, content_type, filename, content_length)


@bp.record_once
def _stream_uploads(state: BlueprintSetupState) -> None:
    app: Flask = state.app  # type: ignore[assignment]
    app.request_class = UploadingRequest


@bp.app_errorhandler(TooLarge)
@bp.app_errorhandler(DiskFull)
def _refuse_while_parsing(refused: Refused) -> tuple[str, int]:
    """A file refused while the form was still being read: too large, or no room for it."""
    title, sentence = "The file was not taken", " ".join(refused.sentences.values())
    return render_template("errors/show.html", title=title, sentence=sentence), _status_of(refused)


def _status_of(refused: Refused) -> int:
    return 413 if isinstance(refused, TooLarge) else 507 if isinstance(refused, DiskFull) else 422
