"""What the page of a task shows, as one value (product §4)."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from cdpweb.domain.problems import Severity
from cdpweb.domain.settings import ImportSettings
from cdpweb.domain.tasks import Status, TaskKind
from cdpweb.models import Task, Upload
from cdpweb.models.snapshot import snapshot
from cdpweb.reading.dialect import Dialect
from cdpweb.services.problems import Group, groups
from cdpweb.services.questions import Question, questions_of
from cdpweb.services.settings_lines import SettingLine, setting_lines

HELD = (Status.CHECKING, Status.RUNNING)
NO_WORKER = "No worker is running."
START_A_WORKER = "Start one with: python -m cdpweb run. The task is safe and goes on by itself then."


@dataclass(frozen=True)
class QueueState:
    """What the broker says at this moment; the edge asks it, for the queue is above the services.

    `answers`: whether the broker does at all. `workers`: how many listen. `place`: how many tasks are in front of this
    one, None where it is not in the queue. `is_held`: whether a worker holds the task's lease.
    """

    answers: bool = True
    workers: int = 0
    place: int | None = None
    is_held: bool = False


class Progress(NamedTuple):
    """How far a task is. `fraction` is from 0 to 1, None where it is not known yet; totals and rates likewise."""

    fraction: float | None
    rows_done: int
    rows_total: int | None
    rows_per_second: float | None
    seconds_left: float | None


class Counts(NamedTuple):
    """What became of the rows: rows_read = created + updated + unchanged + rejected + blank (rules §4)."""

    rows_read: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    blank: int
    warnings: int
    customers: int | None


class ColumnLine(NamedTuple):
    """One column of the file: its header, and the field it fills, None where it is skipped."""

    header: str
    field: str | None


@dataclass(frozen=True)
class TaskView:
    """Everything that the page of a task shows.

    `phase` is one sentence on what is happening, `advice` one on what to do next ("" for nothing); `is_live`: the page
    should ask again; `is_stuck`: nobody is there to do the work. `done_through` is the last record that is done with.
    `acts` are those that are possible now, of pause, resume, cancel. `file_deleted_at`: since when the file cannot be
    read any more. `earlier_task_id`: a task of the same bytes, launched before this one.
    """

    id: int
    kind: TaskKind
    status: Status
    description: str
    author: str | None
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    phase: str
    advice: str
    is_live: bool
    is_stuck: bool
    reason: str | None
    progress: Progress
    counts: Counts
    done_through: int
    file_name: str
    file_bytes: int
    file_sha256: str
    file_deleted_at: dt.datetime | None
    settings: tuple[SettingLine, ...]
    columns: tuple[ColumnLine, ...]
    errors: tuple[Group, ...]
    warnings: tuple[Group, ...]
    questions: tuple[Question, ...]
    acts: frozenset[str]
    earlier_task_id: int | None


def view_of(session: Session, task: Task, queue: QueueState) -> TaskView:
    """What the page of a task shows at this moment."""
    status, upload = Status(task.status), task.upload
    phase, is_stuck = _phase(task, queue)
    found = groups(session, task.id)
    settings = ImportSettings.from_json(task.settings)
    dialect = Dialect.from_json(task.dialect)
    return TaskView(
        id=task.id,
        kind=TaskKind(task.kind),
        status=status,
        description=task.description,
        author=task.author,
        created_at=task.created_at,
        started_at=task.started_at,
        finished_at=task.finished_at,
        phase=phase,
        advice=START_A_WORKER if phase == NO_WORKER else _advice(task),
        is_live=status.is_open,
        is_stuck=is_stuck,
        reason=task.reason,
        progress=progress_of(task),
        counts=counts_of(task),
        done_through=task.next_record - 1,
        file_name=upload.given_name,
        file_bytes=upload.size_bytes,
        file_sha256=upload.sha256,
        file_deleted_at=upload.deleted_at,
        settings=setting_lines(settings, dialect, task.header, task.columns, snapshot(session)),
        columns=tuple(ColumnLine(*pair) for pair in zip(task.header, task.columns, strict=True)),
        errors=tuple(group for group in found if group.severity is Severity.ERROR),
        warnings=tuple(group for group in found if group.severity is Severity.WARNING),
        questions=questions_of(session, task),
        acts=possible_acts(task, is_held=queue.is_held or not queue.answers),
        earlier_task_id=_earlier(session, task),
    )


def possible_acts(task: Task, *, is_held: bool = True) -> frozenset[str]:
    """What can be done to a task now, of pause, resume, cancel; `is_held`: a worker may be at work on it."""
    status, acts = Status(task.status), set()
    if status in HELD and task.cancel_requested:
        # The worker that was to obey may be gone.
        return frozenset() if is_held else frozenset({"cancel"})
    if status in (Status.WAITING, *HELD):
        acts |= {"resume"} if task.pause_requested else {"pause"}
    if status is Status.PAUSED and not task.questions:
        acts.add("resume")
    if status is Status.FAILED and not task.upload.deleted_at:
        acts.add("resume")
    if status in (Status.WAITING, Status.PAUSED, *HELD):
        acts.add("cancel")
    return frozenset(acts)


def counts_of(task: Task) -> Counts:
    """The task's counts."""
    return Counts(
        task.rows_read, task.created, task.updated, task.unchanged, task.rejected, task.blank, task.warnings,
        task.customers,
    )  # fmt: skip


def progress_of(task: Task) -> Progress:
    """How far a task is; by rows as soon as their number is known, until then by bytes."""
    rows, total, seconds = task.rows_read, task.total_records, task.busy_milliseconds / 1000
    rate = rows / seconds if rows and seconds else None
    fraction = _share(rows, total) if total is not None else _share(task.next_offset, task.total_bytes)
    left = (total - rows) / rate if rate and total is not None and Status(task.status).is_open else None
    return Progress(fraction, rows, total, rate, left)


def _share(part: int, whole: int | None) -> float | None:
    if whole is None:
        return None
    return min(1.0, part / whole) if whole else 1.0


def _phase(task: Task, queue: QueueState) -> tuple[str, bool]:
    """What is happening, and whether nobody is there to do it."""
    status = Status(task.status)
    if status is Status.WAITING:
        return _waiting(queue)
    if status in HELD and queue.answers and not queue.is_held:
        return _unattended(status, queue)
    if status in HELD and task.cancel_requested:
        return "Cancelling: the row block at hand is finished first.", False
    if status in HELD and task.pause_requested:
        return "Pausing: the row block at hand is finished first.", False
    return _at_rest(task, status), False


def _waiting(queue: QueueState) -> tuple[str, bool]:
    if not queue.answers:
        return "The job queue does not answer. The task is safe and starts by itself when the queue is back.", True
    if not queue.workers and not queue.is_held:
        return NO_WORKER, True
    if queue.place:
        return (
            f"Waiting for a worker: {queue.place:,} {'task is' if queue.place == 1 else 'tasks are'} in front.",
            False,
        )
    return "Waiting for a worker.", False


def _unattended(status: Status, queue: QueueState) -> tuple[str, bool]:
    """The worker is gone, or has only just taken the task."""
    if not queue.workers:
        return NO_WORKER, True
    what = "checking the file" if status is Status.CHECKING else "writing customers"
    return f"A worker is about to go on {what}.", False


def _at_rest(task: Task, status: Status) -> str:
    done = f"rows up to {task.next_record - 1:,} are done" if task.rows_read else "nothing has been written"
    return {
        Status.CHECKING: "Checking the whole file; nothing is written yet.",
        Status.RUNNING: "Writing customers.",
        Status.PAUSED: "Paused with a question: nothing has been written." if task.questions else f"Paused: {done}.",
        Status.FINISHED: "Finished: every row is accounted for.",
        Status.FAILED: f"Failed: {done}.",
        Status.CANCELLED: f"Cancelled: {done}, the others were not read.",
        Status.UNDOING: "Undoing.",
        Status.UNDONE: "Undone.",
    }.get(status, status.value)


def _advice(task: Task) -> str:
    """What to do next."""
    status = Status(task.status)
    if status is Status.PAUSED:
        return "Answer below, and the import goes on." if task.questions else "Resume it to go on with the next row."
    if status is Status.FAILED and task.upload.deleted_at:
        return "Its file has been deleted. Upload it again and launch a new import."
    if status is Status.FAILED:
        at = f"from row {task.next_record:,} on" if task.rows_read else "from the beginning"
        return f"Put right what the reason names, then resume it {at}; or launch the mended file as a new import."
    if status is Status.FINISHED and task.rejected:
        return "Look at the problems below, mend the rejected rows and import them again."
    return ""


def _earlier(session: Session, task: Task) -> int | None:
    same = select(Task.id).join(Upload).where(Upload.sha256 == task.upload.sha256, Task.id < task.id)
    return session.scalar(same.order_by(Task.id.desc()).limit(1))
