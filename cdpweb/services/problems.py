"""The problems of a task: grouped with samples, and one by one (product §4)."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from cdpweb.domain.formulas import guard_text
from cdpweb.domain.problems import PROBLEMS, Severity
from cdpweb.models import ProblemGroup, RowProblem

PIECE_ROWS = 1000


class Sample(NamedTuple):
    """One of the first problems of a group."""

    record: int
    line: int
    value: str | None
    detail: str | None


class Group(NamedTuple):
    """All problems of one code in one column ("" for the whole row), with samples, a sentence and what to do."""

    code: str
    severity: Severity
    column: str
    occurrences: int
    sentence: str
    what_to_do: str
    samples: tuple[Sample, ...]


def groups(session: Session, task_id: int) -> list[Group]:
    """The problems of a task by code and column: errors first, then by how many."""
    stored = session.scalars(select(ProblemGroup).where(ProblemGroup.task_id == task_id))
    order = list(Severity)
    return sorted(
        map(_group, stored), key=lambda one: (order.index(one.severity), -one.occurrences, one.code, one.column)
    )


def _group(stored: ProblemGroup) -> Group:
    problem = PROBLEMS[stored.code]
    samples = (Sample(one["record"], one["line"], one.get("value"), one.get("detail")) for one in stored.samples)
    return Group(
        stored.code, problem.severity, stored.column, stored.count, problem.sentence, problem.what_to_do, tuple(samples)
    )


def each(session: Session, task_id: int) -> Iterator[RowProblem]:
    """Every problem of a task in the order of the file, a thousand at a time, whatever their number."""
    ordered = select(RowProblem).where(RowProblem.task_id == task_id).order_by(RowProblem.record, RowProblem.number)
    yield from session.scalars(ordered.execution_options(yield_per=PIECE_ROWS))


CSV_COLUMNS = ("Row", "Line", "Severity", "Code", "Column", "Value", "Problem", "What to do")


def csv_lines(session: Session, task_id: int) -> Iterator[str]:
    """All problems of a task as lines of a CSV, dangerous cells guarded (rules §8.2)."""
    yield _csv_line(CSV_COLUMNS)
    for one in each(session, task_id):
        problem = PROBLEMS[one.code]
        sentence = " ".join(filter(None, (problem.sentence, one.detail)))
        yield _csv_line(
            (one.record, one.line, problem.severity, one.code, one.column, one.value, sentence, problem.what_to_do)
        )


def _csv_line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow("" if cell is None else guard_text(str(cell)) for cell in cells)
    return text.getvalue()
