"""Tasks and their problems as the shell shows them, in words and as JSON (product §6)."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from cdpweb.models import Task
from cdpweb.services import problems
from cdpweb.services.problems import Group
from cdpweb.services.task_view import TaskView, counts_of


def as_json(session: Session, task: Task) -> str:
    """The one object that `--json` prints."""
    counts = counts_of(task)._asdict()
    report = {"task": task.id, "status": task.status, "rows": counts.pop("rows_read"), **counts}
    return json.dumps(
        report | {"problems": [_problem(one) for one in problems.groups(session, task.id)]},
        indent=2,
        ensure_ascii=False,
    )


def _problem(group: Group) -> dict[str, Any]:
    return {
        "code": group.code,
        "severity": group.severity,
        "column": group.column or None,
        "count": group.occurrences,
        "samples": [{"record": one.record, "line": one.line, "value": one.value} for one in group.samples],
    }


def summary_lines(task: Task, groups: Sequence[Group]) -> Iterator[str]:
    """What became of a task."""
    counts = counts_of(task)
    yield f"Task {task.id} {task.status}: {_counted(counts.rows_read, 'row')}."
    outcomes = ("created", "updated", "unchanged", "rejected", "blank")
    yield "  " + " · ".join(f"{name} {getattr(counts, name):,}" for name in outcomes)
    if counts.customers is not None:
        customers, warnings = _counted(counts.customers, "customer"), _counted(counts.warnings, "warning")
        yield f"  {customers} created or updated · {warnings}"
    yield from _problem_lines(groups)


def task_lines(view: TaskView) -> Iterator[str]:
    """Everything of a task, as its page shows it."""
    yield f"Task {view.id} · {view.kind.label} · {view.status}"
    if view.description:
        yield view.description
    yield f"{view.file_name} · {view.file_bytes:,} bytes · SHA-256 {view.file_sha256}"
    yield f"launched {view.created_at:%Y-%m-%d %H:%M} UTC" + (f" by {view.author}" if view.author else "")
    yield from filter(None, (view.phase, view.reason, view.advice))
    if view.progress.rows_total is not None:
        yield progress_line(view.progress.rows_done, view.progress.rows_total, view.progress.rows_per_second,
                            view.progress.seconds_left)  # fmt: skip
    counts = view.counts
    outcomes = ("created", "updated", "unchanged", "rejected", "blank")
    yield " + ".join(f"{name} {getattr(counts, name):,}" for name in outcomes) + f" = {counts.rows_read:,} rows read"
    for line in view.settings:
        yield f"  {line.label}: {line.value}" + (f" ({line.origin})" if line.origin else "")
    for question in view.questions:
        yield f"? {question.sentence}"
    yield from _problem_lines([*view.errors, *view.warnings])


def _problem_lines(groups: Sequence[Group]) -> Iterator[str]:
    for group in groups:
        column = f" in {group.column}" if group.column else ""
        yield f"{group.severity} {group.code}{column}: {group.occurrences:,}. {group.sentence} {group.what_to_do}"
        for one in group.samples:
            yield f"    row {one.record:,}, line {one.line:,}" + (f": {one.value}" if one.value is not None else "")


def progress_line(rows: int, total: int, rows_per_second: float | None, seconds_left: float | None) -> str:
    """How far a task is, in one line."""
    words = [f"{rows:,} of {total:,} rows"]
    if rows_per_second:
        words.append(f"{rows_per_second:,.0f} rows/s")
    if seconds_left is not None:
        words.append(f"about {max(1, round(seconds_left)):,} s left")
    return " · ".join(words)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
