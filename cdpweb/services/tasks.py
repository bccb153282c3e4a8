"""Tasks: found, looked at, paused, resumed, cancelled, answered (product §4)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.orm import Session

from cdpweb.domain.problems import Severity
from cdpweb.domain.tasks import Status, TaskKind
from cdpweb.models import Task

PAGE_TASKS = 50


# What the edge knows of the queue


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


# What the task page shows


class Progress(NamedTuple):
    """How far a task is. `fraction` is from 0 to 1, None where it is not known yet; rows and rates likewise."""

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


class SettingLine(NamedTuple):
    """One setting of a task: its name, its value, where that came from ("" where it was a plain choice)."""

    label: str
    value: str
    origin: str


class ColumnLine(NamedTuple):
    """One column of the file: its header, and the field it fills, None where it is skipped."""

    header: str
    field: str | None


class Sample(NamedTuple):
    """One of the first problems of a group."""

    record: int
    line: int
    value: str | None
    detail: str | None


class Group(NamedTuple):
    """All problems of one code in one column, with samples, a sentence and what to do."""

    code: str
    severity: Severity
    column: str
    occurrences: int
    sentence: str
    what_to_do: str
    samples: tuple[Sample, ...]


class Choice(NamedTuple):
    """One possible answer: the value to send and its words."""

    value: str
    words: str


class Asked(NamedTuple):
    """One thing that a paused task asks: its `key` names the form field of the answer.

    `about` is the value in question (a header, a cell's text), `rows` how many rows have it, None where that says
    nothing.
    """

    key: str
    about: str
    rows: int | None
    choices: tuple[Choice, ...]


class Question(NamedTuple):
    """A question of a paused task, in words, with all the things asked under it."""

    kind: str
    sentence: str
    samples: tuple[str, ...]
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class TaskView:
    """Everything that the page of a task shows.

    `phase` is one sentence on what is happening, `advice` one on what to do next ("" for nothing); `is_live`: the page
    should ask again; `is_stuck`: nobody is there to do the work. `done_through` is the last record that is done with.
    `acts` are those that are possible now, of pause, resume, cancel. `file_deleted_at`: since when the file cannot be
    read any more.
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
    raise NotImplementedError


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
    raise NotImplementedError


def get(session: Session, task_id: int) -> Task | None:
    """The task, as it stands in the database now."""
    raise NotImplementedError


# Acts: each locks the task, changes it and flushes; the edge commits, then rings where the task is waiting.


def pause(session: Session, task: Task, *, person: str | None = None) -> None:
    """Pause a task: at once where no worker has it, else at the next block. Raises Refused."""
    raise NotImplementedError


def resume(session: Session, task: Task, *, person: str | None = None) -> None:
    """Let a paused or failed task go on from its checkpoint. Raises Refused: it asks something, its file is gone."""
    raise NotImplementedError


def cancel(session: Session, task: Task, *, person: str | None = None) -> None:
    """End a task: at once where no worker has it, else at the next block; what is done stays. Raises Refused."""
    raise NotImplementedError


def answer(session: Session, task: Task, answers: Mapping[str, str], *, person: str | None = None) -> None:
    """Answer what a paused task asks, and let it go on: `answers` maps `Asked.key` to `Choice.value` or, for unknown
    values of settings, also to any text that the catalog knows.

    Raises Refused with a sentence per key that is missing or not possible.
    """
    raise NotImplementedError
