"""People who sign in, and tokens of scripts. Whoever needs them imports this: Flask-Security is much to load."""

import datetime as dt

from flask_security import RoleMixin, UserMixin
from sqlalchemy import ForeignKey, Integer, String
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
