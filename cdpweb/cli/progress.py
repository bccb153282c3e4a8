"""The progress bar of an import in the foreground, on standard error where that is a terminal."""

import shutil
import sys

from sqlalchemy import select

from cdpweb.cli.reports import progress_line
from cdpweb.extensions import db
from cdpweb.models import Task
from cdpweb.models.base import table_of

BAR_CHARACTERS = 24
FULL, EMPTY = "▓", "░"
CLEAR_LINE = "\r\x1b[K"


class Bar:
    """Shows how far a task is; silent where standard error is no terminal."""

    def __init__(self, task_id: int) -> None:
        self._task_id = task_id
        self._is_shown = sys.stderr.isatty()

    def show(self) -> None:
        """Draw the bar as the task stands in the database."""
        if self._is_shown:
            sys.stderr.write(CLEAR_LINE + self._line()[: shutil.get_terminal_size().columns - 1])
            sys.stderr.flush()

    def close(self) -> None:
        """Wipe the bar away; what the import says comes in its place."""
        if self._is_shown:
            sys.stderr.write(CLEAR_LINE)
            sys.stderr.flush()

    def _line(self) -> str:
        columns = table_of(Task).c
        found = select(columns.rows_read, columns.total_records, columns.busy_milliseconds)
        with db.engine.connect() as connection:
            rows, total, milliseconds = connection.execute(found.where(columns.id == self._task_id)).one()
        if not total:
            return "checking the file"
        rate = rows * 1000 / milliseconds if rows and milliseconds else None
        full = BAR_CHARACTERS * rows // total
        return f"{FULL * full}{EMPTY * (BAR_CHARACTERS - full)} " + progress_line(
            rows, total, rate, (total - rows) / rate if rate else None
        )
