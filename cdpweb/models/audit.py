"""The audit log."""

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import DDL, String, event
from sqlalchemy.orm import Mapped, mapped_column

from cdpweb.models.base import Base
from cdpweb.models.types import BigInt, Instant, Json

PERSON_CHARACTERS = 200


class AuditEvent(Base):
    """Who did what, when and from where. The database itself refuses to change or delete a row."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(Instant, index=True)
    event: Mapped[str] = mapped_column(String(64), index=True)
    person: Mapped[str | None] = mapped_column(String(PERSON_CHARACTERS), index=True)
    address: Mapped[str | None] = mapped_column(String(64))
    subject: Mapped[dict[str, Any]] = mapped_column(Json)

    APPEND_ONLY: ClassVar[dict[str, tuple[str, ...]]] = {
        "sqlite": tuple(
            f"CREATE TRIGGER audit_events_no_{act} BEFORE {act.upper()} ON audit_events "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
            for act in ("update", "delete")
        ),
        "postgresql": (
            "CREATE OR REPLACE FUNCTION audit_events_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
            "CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_events_append_only()",
        ),
    }


for _dialect, _statements in AuditEvent.APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(AuditEvent.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))
