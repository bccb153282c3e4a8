"""People who sign in, tokens of scripts, and the audit log."""

import datetime as dt
from typing import Any, ClassVar

from flask_security import RoleMixin, UserMixin
from sqlalchemy import DDL, ForeignKey, Integer, String, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cdpweb.domain.roles import Role
from cdpweb.models.base import Base
from cdpweb.models.types import BigInt, Instant, Json

EMAIL_CHARACTERS = 200
NAME_CHARACTERS = 200


class NamedRole(RoleMixin):
    """A role as Flask-Security asks for it; ours is a column of the user."""

    def __init__(self, name: str) -> None:
        self.name = name


class User(UserMixin, Base):
    """A person who may sign in.

    `password` is an argon2 hash, None until the person has chosen one. Sessions carry `fs_uniquifier`: a new one ends
    all of them. `totp_secret` is encrypted; `totp_counter` is the last code's, which is not taken twice.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    email: Mapped[str] = mapped_column(String(EMAIL_CHARACTERS), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    password: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    totp_secret: Mapped[str | None] = mapped_column(String(500))
    totp_counter: Mapped[int | None] = mapped_column(BigInt)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    signed_in_at: Mapped[dt.datetime | None] = mapped_column(Instant)

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override]
        """The one role, as Flask-Security asks for it."""
        return [NamedRole(self.role)]

    @property
    def kind(self) -> Role:
        """The role."""
        return Role(self.role)


class ApiToken(Base):
    """What a script shows instead of a password: only its digest is kept, so no copy of the base gives it away."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(Json)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    user: Mapped[User] = relationship()
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    used_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(Instant)


class AuditEvent(Base):
    """Who did what, when and from where. The database itself refuses to change or delete a row."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(Instant, index=True)
    event: Mapped[str] = mapped_column(String(64), index=True)
    person: Mapped[str | None] = mapped_column(String(EMAIL_CHARACTERS), index=True)
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
