"""`import`: a file goes in, in the foreground, with a progress bar (product §6)."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import click
from sqlalchemy.exc import DBAPIError

from cdpweb import jobs
from cdpweb.cli.base import Refusal, task_of, with_base
from cdpweb.cli.launching import AUTOMATIC, Options, Reading
from cdpweb.cli.progress import Bar
from cdpweb.cli.reports import as_json, summary_lines
from cdpweb.domain.settings import Conflicts, DateOrder, EmptyCells
from cdpweb.domain.tasks import Status, TaskKind
from cdpweb.extensions import current_config, db
from cdpweb.models import Task, Upload, troubles
from cdpweb.models.snapshot import snapshot
from cdpweb.services import problems, tasks, uploads
from cdpweb.services.imports import Launch, create_task
from cdpweb.services.questions import DATE_ORDER, EMPTY_COLUMNS, NAMELESS_COLUMNS
from cdpweb.services.refused import Refused

LOOK_SECONDS = 0.5
AWAY_SECONDS = 60
HOW_TO_DECIDE = (
    'A column is mapped with --map "FILE COLUMN=Field", skipped with --skip "FILE COLUMN"; '
    "--skip-unknown skips all that fill nothing."
)
REJECTED_STATUS = 3
INTERRUPTED_STATUS = 130


def _choice(words: type[StrEnum]) -> click.Choice[str]:
    return click.Choice([word.value for word in words])


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--task",
    type=_choice(TaskKind),
    default=TaskKind.IMPORT.value,
    show_default=True,
    help="Add and edit, only edit those who exist, or only add new ones.",
)
@click.option("--description", default="", help="Shown and searched in the task list.")
@click.option("--encoding", metavar="NAME", help="Default: UTF-8; a byte-order mark goes before it.")
@click.option("--delimiter", metavar="C", help="A character, or tab, comma, semicolon …; default: detected.")
@click.option("--quote", metavar="C", help="A character, or none; default: detected.")
@click.option("--header-line", type=click.IntRange(min=1), metavar="N", help="The line with the column names.")
@click.option("--endpoint", metavar="NAME", help="System name of the API endpoint.")
@click.option(
    "--touchpoint",
    metavar="auto|ID",
    default=AUTOMATIC,
    show_default=True,
    help="External ID of the touchpoint; auto: that of the API endpoint.",
)
@click.option("--segment", metavar="GROUP/SEGMENT", multiple=True, help="Everybody in the file joins it.")
@click.option("--create-segment", is_flag=True, help="Create segments and groups that are missing.")
@click.option("--source-action", metavar="NAME", help="System name of the action of new customers.")
@click.option("--existing-action", metavar="NAME|none", help="The action of customers that the import changes.")
@click.option("--action-date", metavar="ISO", help="When the actions happened; default: when the task runs.")
@click.option("--phone-country", metavar="CC", help="Country of phones without a country code, such as DE.")
@click.option(
    "--from-file",
    default="",
    metavar="LIST",
    help="Settings taken from the file, joined by commas: endpoint, touchpoint, segment, source-action, "
    "existing-action, date, phone-country. A mapped settings column implies it.",
)
@click.option(
    "--empty",
    type=_choice(EmptyCells),
    default=EmptyCells.KEEP.value,
    show_default=True,
    help="What an empty cell does to a stored profile or custom field.",
)
@click.option(
    "--conflicts",
    type=_choice(Conflicts),
    default=Conflicts.REJECT.value,
    show_default=True,
    help="What happens when the identifiers of a row disagree.",
)
@click.option("--date-order", type=_choice(DateOrder), help="How dates with slashes are read.")
@click.option("--allow-resubscribe", is_flag=True, help="Let dated consents lift earlier opt-outs.")
@click.option("--action-for-unchanged", is_flag=True, help="Write the action also for customers left unchanged.")
@click.option("--fill", metavar="FIELD", multiple=True, help="Set this field only where it is empty.")
@click.option("--never", metavar="FIELD", multiple=True, help="Never change this field of existing customers.")
@click.option("--map", metavar="“FILE COLUMN=Field”", multiple=True, help="What a column fills.")
@click.option("--skip", metavar="“FILE COLUMN”", multiple=True, help="Skip a column.")
@click.option("--skip-unknown", is_flag=True, help="Skip all columns that fill nothing.")
@click.option("--skip-empty", is_flag=True, help="Skip all columns without any value.")
@click.option("--plan", is_flag=True, help="Write nothing, say what would happen (comes later).")
@click.option("--json", "is_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--fail-on-rejected", is_flag=True, help="End with status 3 where rows were rejected.")
@with_base
def import_file(file: Path, plan: bool, is_json: bool, fail_on_rejected: bool, **options: Any) -> None:
    """Import the customers in FILE.

    The status is 0 when the import has finished, also with rejected rows, and 1 when it was refused or failed.
    """
    if plan:
        raise Refusal("--plan comes later: it is not there yet. Nothing was imported.")
    _refuse_undecodable(options)
    task_id = _launch(file, Options(**options))
    try:
        _work(task_id)
    except KeyboardInterrupt:
        _interrupted(task_id)
    task = task_of(task_id)
    _report(task, is_json=is_json)
    if fail_on_rejected and task.rejected:
        sys.exit(REJECTED_STATUS)


def _refuse_undecodable(options: Mapping[str, Any]) -> None:
    """What the shell gave in another encoding than its own arrives as lone surrogates, which nothing can store."""
    for name, said in options.items():
        for text in said if isinstance(said, tuple) else (said,):
            if isinstance(text, str) and any("\ud800" <= character <= "\udfff" for character in text):
                raise Refusal(f"--{name.replace('_', '-')} is not valid {sys.getfilesystemencoding()} text.")


# Launch


def _launch(file: Path, options: Options) -> int:
    """The number of the committed task; a refusal leaves no copy of the file."""
    upload = _store(file)
    name = upload.name
    try:
        task = create_task(db.session, current_config(), _said(upload, options))
        earlier = uploads.earlier_task(db.session, upload, besides=task)
        task_id, before = task.id, (earlier.id, earlier.status) if earlier else None
        db.session.commit()
    except Refused as refused:
        db.session.rollback()
        uploads.discard(current_config(), name)
        raise _with_hint(refused) from refused
    if before:
        click.echo("Note: the same file was launched before, as task {} ({}).".format(*before), err=True)
    return task_id


def _store(file: Path) -> Upload:
    with _opened(file) as stream:
        size_bytes = os.fstat(stream.fileno()).st_size
        return uploads.store(db.session, current_config(), stream, file.name, declared_bytes=size_bytes)


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise Refusal(f"The file {click.format_filename(file)} cannot be read: {error.strerror}.") from error


def _said(upload: Upload, options: Options) -> Launch:
    """What the options mean for this file and this base."""
    seen = uploads.examine(current_config(), upload, **vars(options.file))
    if seen.refusal:
        raise Refused({"file": seen.refusal})
    return Reading(options, snapshot(db.session), seen.header).launch(upload=upload, examination=seen)


def _with_hint(refused: Refused) -> Refused:
    """What to do about columns, in the words of the shell."""
    if not any(name.startswith("column") for name in refused.sentences):
        return refused
    return Refused({**refused.sentences, "": HOW_TO_DECIDE})


# Work


def _work(task_id: int) -> None:
    """Run the task here; where a worker was faster, or others write, wait."""
    bar = Bar(task_id)
    try:
        while _is_open(task_id):
            _run(task_id, bar)
    finally:
        bar.close()


def _is_open(task_id: int) -> bool:
    """Whether the task is to be run; leaves no transaction behind, for that would keep the engine from writing."""
    is_open = Status(_once_it_answers(lambda: task_of(task_id)).status).is_open
    db.session.rollback()
    return is_open


def _once_it_answers(ask: Callable[[], Task]) -> Task:
    """What the database answers; where it is away, it has a minute to come back."""
    end = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            return ask()
        except DBAPIError as error:
            if not troubles.is_away(error) or time.monotonic() > end:
                raise
            db.session.rollback()
        time.sleep(LOOK_SECONDS)


def _run(task_id: int, bar: Bar) -> None:
    try:
        jobs.run_task(task_id, bar.show)
    except Exception:
        # What the engine has logged stands in the task's reason, which is shown in place of a traceback.
        if _once_it_answers(lambda: task_of(task_id)).status != Status.FAILED:
            raise
    if _is_open(task_id):
        bar.show()
        time.sleep(LOOK_SECONDS)


def _interrupted(task_id: int) -> NoReturn:
    click.echo(
        f"Interrupted. Task {task_id} goes on as soon as a worker runs; to end it: python -m cdpweb cancel {task_id}",
        err=True,
    )
    sys.exit(INTERRUPTED_STATUS)


# Report


def _report(task: Task, *, is_json: bool) -> None:
    """Say what became of the task; everything but its end is a refusal."""
    if task.questions:
        tasks.fail(db.session, task, _unanswered(task))
        db.session.commit()
    lines = [as_json(db.session, task)] if is_json else summary_lines(task, problems.groups(db.session, task.id))
    click.echo("\n".join(lines))
    if task.status != Status.FINISHED:
        raise Refusal(task.reason or f"Task {task.id} is {task.status}; rows up to {task.next_record - 1:,} are done.")


def _unanswered(task: Task) -> str:
    """What the shell does not ask, by column and option (rules §2.7)."""
    return " ".join(_SENTENCES[question["kind"]](question) for question in task.questions or [])


def _nameless_columns(question: dict[str, Any]) -> str:
    numbers = ", ".join(f"column {position + 1}" for position in question["positions"])
    return f"There are values below an empty header ({numbers}). Name it in the header, or skip it with --skip-unknown."


def _empty_columns(question: dict[str, Any]) -> str:
    headers = ", ".join(f"“{header.strip()}”" for header in question["columns"])
    return f"Without any value: {headers}. Skip such columns with --skip-empty, or one by one with --skip."


def _date_order(question: dict[str, Any]) -> str:
    samples = ", ".join(question["samples"][:3])
    return (
        f"The dates in “{question['column'].strip()}” ({samples}) can be read in two ways. "
        "Say --date-order dmy where the day comes first, --date-order mdy where the month does."
    )


_SENTENCES: dict[str, Callable[[dict[str, Any]], str]] = {
    NAMELESS_COLUMNS: _nameless_columns,
    EMPTY_COLUMNS: _empty_columns,
    DATE_ORDER: _date_order,
}

COMMANDS = {"import": import_file}
