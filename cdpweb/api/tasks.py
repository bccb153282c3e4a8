"""Tasks as JSON: how they are doing, nothing personal."""

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from cdpweb.extensions import db
from cdpweb.models import Task
from cdpweb.services import tasks

COUNTS = ("rows_read", "created", "updated", "unchanged", "rejected", "blank", "warnings", "customers")
MOMENTS = ("created_at", "started_at", "finished_at")

bp = Blueprint("task_api", __name__, url_prefix="/api/tasks")


@bp.get("")
def index() -> Response:
    """The newest tasks; `next_before` is the `before` of the next page."""
    found = tasks.find(db.session, before=request.args.get("before", type=int))
    return jsonify(tasks=[_shown(task) for task in found.tasks], next_before=found.next_before)


@bp.get("/<int:id>")
def show(id: int) -> Response:
    """One task."""
    task = tasks.get(db.session, id)
    if task is None:
        abort(404, f"There is no task {id:,}.")
    return jsonify(_shown(task))


def _shown(task: Task) -> dict[str, Any]:
    moments = {name: getattr(task, name) for name in MOMENTS}
    return {
        "task": task.id,
        "kind": task.kind,
        "status": task.status,
        "reason": task.reason,
        "total_records": task.total_records,
        **{name: getattr(task, name) for name in COUNTS},
        **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
    }
