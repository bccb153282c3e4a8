"""Tasks: found, paused, resumed, cancelled, answered (product §4, §5)."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload

from cdpweb.domain.tasks import Outcome, Status, TaskKind
from cdpweb.models import Task, TaskRow, Upload
from cdpweb.models.types import now
from cdpweb.services import audit
from cdpweb.services.questions import answer_all
from cdpweb.services.refused import Refused
from cdpweb.services.task_view import QueueState, TaskView, possible_acts, view_of

__all__ = ["Found", "QueueState", "TaskView", "answer", "cancel", "find", "get", "pause", "resume", "view_of"]

PAGE_TASKS = 50
LONGEST_ID = 9
"""Digits: what SQLite and PostgreSQL both take for an integer."""

HELD = (Status.CHECKING, Status.RUNNING)


# Finding


@dataclass(frozen=True)
class Found:
    """A page of tasks, newest first; `next_before` is the `before` of the next page, None on the last."""

    tasks: tuple[Task, ...]
    next_before: int | None


def find(
    session: Session,
    *,
    status: Status | None = None,
    kind: TaskKind | None = None,
    text: str = "",
    before: int | None = None,
    limit: int = PAGE_TASKS,
) -> Found:
    """Tasks, newest first, with an id below `before`; `text` is an id or a part of the description or file name."""
    wanted = select(Task).join(Upload).options(joinedload(Task.upload)).order_by(Task.id.desc()).limit(limit + 1)
    if status:
        wanted = wanted.where(Task.status == status)
    if kind:
        wanted = wanted.where(Task.kind == kind)
    if before is not None:
        wanted = wanted.where(Task.id < max(0, min(before, 10**LONGEST_ID)))
    if words := text.replace("\0", "").strip():
        wanted = wanted.where(_says(words))
    tasks = tuple(session.scalars(wanted))
    return Found(tasks[:limit], tasks[limit - 1].id if len(tasks) > limit else None)


def _says(text: str) -> ColumnElement[bool]:
    # SQLite folds the case of Latin letters only: for others the usual spellings are tried.
    spellings = {text, text.lower(), text.upper(), text.capitalize()}
    columns = (Task.description, Upload.given_name)
    conditions = [column.icontains(one, autoescape=True) for column in columns for one in spellings]
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID:
        conditions.append(Task.id == int(text))
    return or_(*conditions)


def get(session: Session, task_id: int) -> Task | None:
    """The task, as it stands in the database now."""
    return session.get(Task, task_id, populate_existing=True) if task_id < 10**LONGEST_ID else None


# Acts: each locks the task, changes it and flushes; the edge commits, then rings where the task is waiting.
# `is_held`: whether a worker may be at work on it. If one is, although nobody knew, its next block is not written.


def pause(session: Session, task: Task, *, person: str | None = None, is_held: bool = True) -> None:
    """Pause a task: at once where no worker has it, else at the next block. Raises Refused."""
    _lock(session, task, "pause", is_held)
    if task.status in HELD and is_held:
        task.pause_requested = True
    else:
        task.status, task.owner, task.claims = Status.PAUSED, None, 0
        task.pause_requested = False
    _record(session, task, "task_paused", person)


def resume(session: Session, task: Task, *, person: str | None = None, is_held: bool = True) -> None:
    """Let a paused or failed task go on from its checkpoint. Raises Refused: it asks something, its file is gone."""
    _lock(session, task, "resume", is_held)
    if task.status in HELD and is_held:
        task.pause_requested = False
    else:
        _go_on(task)
    _record(session, task, "task_resumed", person)


def cancel(session: Session, task: Task, *, person: str | None = None, is_held: bool = True) -> None:
    """End a task: at once where no worker has it, else at the next block; what is done stays. Raises Refused."""
    _lock(session, task, "cancel", is_held)
    if task.status in HELD and is_held:
        task.cancel_requested = True
    else:
        task.status, task.owner, task.finished_at, task.questions = Status.CANCELLED, None, now(), None
        task.pause_requested = task.cancel_requested = False
        task.customers = _customers(session, task)
    _record(session, task, "task_cancelled", person)


def answer(session: Session, task: Task, answers: Mapping[str, str], *, person: str | None = None) -> None:
    """Answer what a paused task asks, and let it go on: `answers` maps `Asked.key` to `Choice.value`.

    Raises Refused with a sentence per key that is missing or not possible.
    """
    session.refresh(task, with_for_update=True)
    if not task.questions:
        raise Refused("The task asks nothing; somebody may have answered meanwhile. Reload the page.")
    _refuse_deleted(task)
    answer_all(session, task, answers)
    _go_on(task)
    _record(session, task, "task_answered", person)


def fail(session: Session, task: Task, reason: str) -> None:
    """End a paused task as failed, for nobody is there to answer what it asks; nothing was written."""
    session.refresh(task, with_for_update=True)
    task.status, task.reason, task.finished_at, task.questions = Status.FAILED, reason, now(), None
    task.customers = _customers(session, task)
    session.flush()


def _lock(session: Session, task: Task, act: str, is_held: bool) -> None:
    """Hold the task until the commit; raises Refused where it cannot be done to a task that stands so."""
    session.refresh(task, with_for_update=True)
    if act not in possible_acts(task, is_held=is_held):
        if act == "resume":
            _refuse_resuming(task)
        raise Refused(f"Task {task.id:,} is {task.status} and cannot be {_DONE[act]}.")


_DONE = {"pause": "paused", "resume": "resumed", "cancel": "cancelled"}


def _refuse_resuming(task: Task) -> None:
    if task.questions:
        raise Refused(f"Task {task.id:,} waits for an answer. Answer its questions and it goes on by itself.")
    if task.status == Status.FAILED:
        _refuse_deleted(task)


def _refuse_deleted(task: Task) -> None:
    if deleted_at := task.upload.deleted_at:
        day = f"{deleted_at.day} {deleted_at:%B %Y}"
        raise Refused(f"The file of task {task.id:,} was deleted on {day}. Upload it again and launch a new import.")


def _go_on(task: Task) -> None:
    """Back to those that wait for a worker, from the checkpoint on."""
    task.status, task.owner, task.claims = Status.WAITING, None, 0
    task.pause_requested = task.cancel_requested = False
    task.reason = task.finished_at = task.customers = None


def _record(session: Session, task: Task, event: str, person: str | None) -> None:
    session.flush()
    audit.record(event, person=person, task=task.id)


def _customers(session: Session, task: Task) -> int:
    """How many customers the task created or changed (rules §4)."""
    rows = select(func.count(TaskRow.customer_id.distinct())).where(
        TaskRow.task_id == task.id, TaskRow.outcome.in_([Outcome.CREATED, Outcome.UPDATED])
    )
    return session.scalar(rows) or 0
