"""The audit log: who did what, when and from where; rows are added and never changed."""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

import structlog
from sqlalchemy import ColumnElement, Select, String, cast, insert, or_, select
from sqlalchemy.orm import Session

from cdpweb.domain import formulas
from cdpweb.extensions import db
from cdpweb.models import AuditEvent
from cdpweb.models.audit import PERSON_CHARACTERS
from cdpweb.models.types import now

PAGE_EVENTS = 100
COLUMNS = ("When", "Event", "Person", "From", "Subject")
TITLES = {
    "signed_in": "signed in",
    "sign_in_failed": "sign-in failed",
    "signed_out": "signed out",
    "signed_out_everywhere": "signed out everywhere",
    "password_changed": "changed the password",
    "password_chosen": "chose a password by a link",
    "second_factor_added": "added a second factor",
    "second_factor_removed": "removed the second factor",
    "owner_created": "created the first owner",
    "user_added": "added a user",
    "user_disabled": "disabled a user",
    "user_enabled": "enabled a user",
    "user_reset": "reset a user's access",
    "role_changed": "changed a role",
    "token_created": "created an API token",
    "token_revoked": "revoked an API token",
    "customer_edited": "edited a customer",
    "customer_deleted": "deleted a customer",
    "consent_overridden": "stated a customer's consent by hand",
    "task_launched": "launched a task",
    "task_paused": "paused a task",
    "task_resumed": "resumed a task",
    "task_cancelled": "cancelled a task",
    "task_answered": "answered a task's questions",
    "resubscribing_allowed": "allowed a task to re-subscribe",
    "catalog_loaded": "loaded a catalog file",
    "project_edited": "edited the project's settings",
    "junk_edited": "edited the junk list",
    "shell_command": "ran a command",
    "audit_log_exported": "exported the audit log",
    "customers_exported": "exported customers",
    "problems_exported": "exported problems",
}
"""Events as people read them; others are shown by their own name."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Origin:
    """Who is at the other end, and where: "shell:anna", or an address of the network."""

    person: str | None = None
    address: str | None = None


NOWHERE = Origin()
origin: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)
"""Set by the edge at the beginning of a request or command."""


def record(event: str, *, person: str | None = None, **subject: int | str) -> None:
    """Record that `person` did `event` to `subject`, which is named by ids and codes, never by personal data.

    It stands in the transaction of what was done, and is committed or undone with it. In a session that only reads it
    gets a short transaction of its own, for a reader that begins to write is refused by SQLite.
    Example: `record("task_cancelled", person=access.person(), task=7)`.
    """
    came = origin.get()
    person = (person or came.person or "")[:PERSON_CHARACTERS] or None
    log.info("audit", did=event, **subject)
    row = {"at": now(), "event": event, "person": person, "address": came.address, "subject": subject}
    if db.session.info.get("writes") is False:
        with db.engine.begin() as connection:
            connection.execute(insert(AuditEvent).values(row))
    else:
        db.session.add(AuditEvent(**row))


def commit_pending() -> None:
    """Commit events that were recorded after the commit of what they tell."""
    if any(isinstance(one, AuditEvent) for one in db.session.new):
        db.session.commit()


def find(session: Session, *, text: str = "", event: str = "", before: int | None = None) -> list[AuditEvent]:
    """Events, newest first, below the id `before`; one more than a page where there are more."""
    wanted = _wanted(text, event).order_by(AuditEvent.id.desc()).limit(PAGE_EVENTS + 1)
    return list(session.scalars(wanted.where(AuditEvent.id < before) if before is not None else wanted))


def events(session: Session) -> list[str]:
    """The names of all events that have been recorded."""
    return list(session.scalars(select(AuditEvent.event).distinct().order_by(AuditEvent.event)))


def export(session: Session, *, text: str = "", event: str = "") -> Iterator[str]:
    """The events as lines of CSV, newest first, dangerous cells guarded (rules §8.2)."""
    yield "\ufeff" + _line(COLUMNS)
    for one in session.scalars(_wanted(text, event).order_by(AuditEvent.id.desc()).execution_options(yield_per=1000)):
        yield _line((iso(one.at), one.event, one.person or "", one.address or "", words(one.subject)))


def words(subject: dict[str, int | str]) -> str:
    """What an event was about: "task 7"."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in subject.items())


def iso(moment: dt.datetime) -> str:
    """A moment in UTC as ISO 8601 writes it."""
    return moment.isoformat(timespec="milliseconds")


def _wanted(text: str, event: str) -> Select[AuditEvent]:
    wanted = select(AuditEvent)
    if event:
        wanted = wanted.where(AuditEvent.event == event)
    if text := text.replace("\0", "").strip():
        wanted = wanted.where(_says(text))
    return wanted


def _says(text: str) -> ColumnElement[bool]:
    columns = (AuditEvent.event, AuditEvent.person, AuditEvent.address, cast(AuditEvent.subject, String))
    return or_(*(column.icontains(text, autoescape=True) for column in columns))


def _line(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(formulas.guard_text(cell) for cell in cells)
    return line.getvalue()
