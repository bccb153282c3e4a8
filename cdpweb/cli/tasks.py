"""Commands about tasks: look at them, pause, resume, cancel (product §6)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cdpweb import queueing
from cdpweb.cli.base import Refusal, task_of, with_base
from cdpweb.cli.reports import as_json, task_lines
from cdpweb.domain.problems import PROBLEMS
from cdpweb.domain.tasks import Status
from cdpweb.extensions import db
from cdpweb.models import RowProblem, Task
from cdpweb.services import problems, tasks

BYTE_ORDER_MARK = "\ufeff"

_json_option = click.option("--json", "is_json", is_flag=True, help="Print JSON.")
_task_id = click.argument("task_id", metavar="ID", type=int)


@click.command()
@_task_id
@_json_option
@with_base
def task(task_id: int, is_json: bool) -> None:
    """Show a task: how far it is, its settings, its counts and problems."""
    shown = task_of(task_id)
    if is_json:
        click.echo(as_json(db.session, shown))
        return
    click.echo("\n".join(task_lines(tasks.view_of(db.session, shown, queueing.state_of(task_id)))))


@click.command("tasks")
@click.option("--status", type=click.Choice([status.value for status in Status]), help="Only those that stand so.")
@click.option("--search", default="", metavar="TEXT", help="In the description, the file's name, or the number.")
@click.option("--limit", type=click.IntRange(1, 1000), default=tasks.PAGE_TASKS, show_default=True)
@_json_option
@with_base
def list_tasks(status: str | None, search: str, limit: int, is_json: bool) -> None:
    """List tasks, newest first."""
    found = tasks.find(db.session, status=Status(status) if status else None, text=search, limit=limit)
    if is_json:
        click.echo(json.dumps([_entry(one) for one in found.tasks], indent=2))
        return
    for one in found.tasks:
        click.echo(
            f"{one.id:>6}  {one.status:<9}  {one.created_at:%Y-%m-%d %H:%M}  {one.rows_read:>11,} rows  "
            f"{one.description or one.upload.given_name}"
        )
    if found.next_before:
        click.echo("… older ones follow; see more with --limit.", err=True)


def _entry(one: Task) -> dict[str, Any]:
    return {
        "task": one.id,
        "kind": one.kind,
        "status": one.status,
        "description": one.description,
        "file": one.upload.given_name,
        "created_at": one.created_at.isoformat(),
        "rows": one.rows_read,
        "created": one.created,
        "updated": one.updated,
        "rejected": one.rejected,
    }


@click.command("problems")
@_task_id
@click.option("--csv", "file", type=click.Path(path_type=Path), help="Write them to this file.")
@_json_option
@with_base
def list_problems(task_id: int, file: Path | None, is_json: bool) -> None:
    """List every problem of a task, in the order of its file."""
    task_of(task_id)
    if file is not None:
        _write_csv(task_id, file)
        return
    for one in problems.each(db.session, task_id):
        click.echo(json.dumps(_problem(one)) if is_json else _problem_line(one))


def _write_csv(task_id: int, file: Path) -> None:
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            out.write(BYTE_ORDER_MARK)
            out.writelines(problems.csv_lines(db.session, task_id))
    except OSError as error:
        raise Refusal(f"The file {click.format_filename(file)} cannot be written: {error.strerror}.") from error


def _problem(one: RowProblem) -> dict[str, Any]:
    severity = PROBLEMS[one.code].severity
    return {
        "record": one.record, "line": one.line, "severity": severity, "code": one.code, "column": one.column,
        "value": one.value, "detail": one.detail,
    }  # fmt: skip


def _problem_line(one: RowProblem) -> str:
    problem = PROBLEMS[one.code]
    where = f", {one.column}" if one.column else ""
    value = f" “{one.value}”" if one.value is not None else ""
    detail = f" {one.detail}" if one.detail else ""
    place = f"row {one.record:,}, line {one.line:,}{where}{value}"
    return f"{place}: {problem.severity} {one.code}. {problem.sentence}{detail} {problem.what_to_do}"


# Acts


def _act(name: str, does: Callable[..., None], words: str) -> click.Command:
    """A command that does one thing to one task."""

    @click.command(name, help=words)
    @_task_id
    @with_base
    def act(task_id: int) -> None:
        changed = task_of(task_id)
        does(db.session, changed, is_held=queueing.is_held(task_id))
        db.session.commit()
        if changed.status == Status.WAITING:
            _ring(task_id)
        db.session.refresh(changed)
        click.echo(f"Task {task_id}: {tasks.view_of(db.session, changed, queueing.state_of(task_id)).phase}")

    return act


def _ring(task_id: int) -> None:
    try:
        queueing.ring(task_id)
    except queueing.BrokerDown as down:
        click.echo(str(down), err=True)


# Later


def _later(name: str, words: str, *parameters: Callable[[Any], Any]) -> click.Command:
    """A command whose name is known and whose work comes later."""

    def command(**_given: Any) -> None:
        raise Refusal(f"`{name}` comes later: it is not there yet. Nothing was done.")

    for parameter in reversed(parameters):
        command = parameter(command)
    return click.command(name, help=f"{words} (comes later).")(command)


COMMANDS = {
    "task": task,
    "tasks": list_tasks,
    "problems": list_problems,
    "pause": _act("pause", tasks.pause, "Pause a task at the next block."),
    "resume": _act("resume", tasks.resume, "Let a paused or failed task go on from its checkpoint."),
    "cancel": _act("cancel", tasks.cancel, "End a task at the next block; what is done stays."),
    "result": _later(
        "result", "Write the result file of a task", _task_id, click.argument("file", type=click.Path(path_type=Path))
    ),
    "undo": _later("undo", "Undo a task", _task_id, click.option("--plan", is_flag=True, help="Only say what.")),
}
