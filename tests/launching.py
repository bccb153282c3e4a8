"""Launches an import as the page does, for tests of what comes after."""

import io

from sqlalchemy.orm import Session

from cdpweb.domain.tasks import Status
from cdpweb.extensions import current_config
from cdpweb.models import Task
from cdpweb.services import uploads
from cdpweb.services.imports import Launch, create_task


def launched(session: Session, text: str) -> int:
    """The number of a committed task that imports `text`; nobody has been rung for it."""
    upload = uploads.store(session, current_config(), io.BytesIO(text.encode()), "customers.csv")
    task = create_task(session, current_config(), Launch(upload, turns_switches_on=True))
    session.commit()
    return task.id


def people(count: int) -> str:
    """A file of so many people."""
    return "Email,FirstName\n" + "".join(f"person{number}@example.com,Anna\n" for number in range(count))


def status_of(session: Session, task_id: int) -> Status:
    """Where the task stands now."""
    session.rollback()
    task = session.get(Task, task_id)
    assert task
    return Status(task.status)
