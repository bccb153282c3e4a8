"""The task list and the page of a task, live while it is open (product §4, §5)."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, stream_with_context, url_for
from werkzeug.wrappers import Response as AnyResponse

from cdpweb import queueing
from cdpweb.domain.tasks import Status, TaskKind
from cdpweb.extensions import db
from cdpweb.models import Task
from cdpweb.models.types import now
from cdpweb.queueing import BrokerDown
from cdpweb.services import audit, problems, tasks
from cdpweb.services.refused import Refused
from cdpweb.services.task_view import Progress, TaskView
from cdpweb.web import access
from cdpweb.web.masking import masked
from cdpweb.web.templating import counted, dotted, duration, project_zone

LISTED_STATUSES = (
    Status.WAITING, Status.CHECKING, Status.RUNNING, Status.PAUSED, Status.FINISHED, Status.FAILED, Status.CANCELLED,
)  # fmt: skip
LISTED_SETTINGS = 5
ACTS = {"pause": tasks.pause, "resume": tasks.resume, "cancel": tasks.cancel}

bp = Blueprint("tasks", __name__, url_prefix="/tasks")


@bp.get("")
def index() -> str:
    """List the tasks, newest first, searched and filtered."""
    asked = request.args
    found = tasks.find(
        db.session,
        status=Status(asked["status"]) if asked.get("status") in set(Status) else None,
        kind=TaskKind(asked["kind"]) if asked.get("kind") in set(TaskKind) else None,
        text=asked.get("q", "").strip(),
        before=asked.get("before", type=int),
    )
    kept: dict[str, Any] = {name: asked[name] for name in ("q", "status", "kind") if asked.get(name)}
    return render_template(
        "tasks/index.html",
        found=found,
        asked=asked,
        options=[(one.value, one.value) for one in LISTED_STATUSES],
        kinds=[(one.value, one.label) for one in TaskKind],
        next_address=url_for("tasks.index", **kept, before=found.next_before) if found.next_before else "",
    )


@bp.get("/<int:id>")
def show(id: int) -> str:
    """Show a task: how far it is, what became of the rows, what it asks."""
    return _page(_task(id))


@bp.get("/<int:id>/status")
def status(id: int) -> str:
    """The fragment of the page that replaces itself while the task is open."""
    return render_template("tasks/_status.html", **_shown(_task(id), {}))


@bp.post("/<int:id>/<any(pause, resume, cancel):act>")
def act(id: int, act: str) -> AnyResponse | tuple[str, int]:
    """Pause, resume or cancel a task."""
    task = _task(id)
    try:
        ACTS[act](db.session, task, person=access.person(), is_held=queueing.is_held(id))
    except Refused as refused:
        db.session.rollback()
        return _page(_task(id), refused.sentences), 422
    return _changed(task)


@bp.post("/<int:id>/answers")
def answer(id: int) -> AnyResponse | tuple[str, int]:
    """Answer what a paused task asks; it goes on."""
    task = _task(id)
    try:
        tasks.answer(db.session, task, request.form.to_dict(), person=access.person())
    except Refused as refused:
        db.session.rollback()
        return _page(_task(id), refused.sentences), 422
    return _changed(task)


@bp.get("/<int:id>/problems.csv")
def problems_csv(id: int) -> Response:
    """All problems of a task as CSV, dangerous cells guarded (rules §8.2)."""
    task = _task(id)
    audit.record("problems_exported", person=access.person(), task=task.id)
    answer = Response(stream_with_context(_problem_lines(task.id)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="task-{id}-problems.csv"'
    return answer


def _task(id: int) -> Task:
    task = tasks.get(db.session, id)
    if task is None:
        abort(404, f"There is no task {id:,}. The address may be mistyped; all tasks are in the list.")
    return task


def _page(task: Task, refusals: Mapping[str, str] = MappingProxyType({})) -> str:
    return render_template("tasks/show.html", **_shown(task, refusals))


def _shown(task: Task, refusals: Mapping[str, str]) -> dict[str, Any]:
    """What the page and its fragment show alike."""
    view = tasks.view_of(db.session, task, queueing.state_of(task.id))
    return {
        "view": view,
        "titles": _titles(view),
        "refusals": refusals,
        "seen_at": f"{now().astimezone(project_zone()):%H:%M:%S}",
        "progress_line": _progress_line(view.progress),
        "counts_line": _counts_line(view),
        "settings_line": dotted(f"{line.label} {line.value}" for line in view.settings[:LISTED_SETTINGS]),
        "columns_line": dotted(one.field for one in view.columns if one.field),
    }


def _titles(view: TaskView) -> dict[str, str]:
    """The columns as the file calls them; to analysts as what they fill: a file without a header has people there."""
    if access.sees_personal():
        return {one.header: one.header for one in view.columns}
    return {one.header: one.field or masked(one.header) for one in view.columns}


def _progress_line(progress: Progress) -> str:
    """How far, how fast, how long: "71,680 of 101,233 rows · 48,200 rows/s · about 1 s left"."""
    of_all = f" of {progress.rows_total:,}" if progress.rows_total is not None else ""
    parts = [f"{progress.rows_done:,}{of_all} rows"]
    if progress.rows_per_second:
        parts.append(f"{progress.rows_per_second:,.0f} rows/s")
    if progress.seconds_left is not None:
        parts.append(f"about {duration(max(1, progress.seconds_left))} left")
    return dotted(parts)


def _counts_line(view: TaskView) -> str:
    """What the figures leave open: warnings, customers, up to where things are done."""
    parts = [counted(view.counts.warnings, "warning")]
    if view.counts.customers is not None:
        parts.append(f"{counted(view.counts.customers, 'customer')} created or updated")
    if view.done_through:
        parts.append(f"done up to row {view.done_through:,}")
    return dotted(parts)


def _changed(task: Task) -> AnyResponse:
    """Commit, then ring for a task that is to go on."""
    task_id, is_waiting = task.id, task.status == Status.WAITING
    db.session.commit()
    if is_waiting:
        try:
            queueing.ring(task_id)
        except BrokerDown:
            flash("The job queue does not answer; the import goes on by itself when it is back.", "caution")
    return redirect(url_for("tasks.show", id=task_id), code=303)


def _problem_lines(task_id: int) -> Iterator[str]:
    yield "\ufeff"
    yield from problems.csv_lines(db.session, task_id)
