"""API tokens: shown once, kept as a digest, scoped, revocable."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from cdpweb.domain.roles import Scope
from cdpweb.models.accounts import NAME_CHARACTERS, ApiToken, User
from cdpweb.models.types import now
from cdpweb.services import audit
from cdpweb.services.refused import Refused

PREFIX = "cdpweb_"
SECRET_BYTES = 32
USE_NOTED_EVERY = dt.timedelta(minutes=1)


def create(session: Session, user: User, name: str, scopes: Collection[str]) -> tuple[ApiToken, str]:
    """A new token of a person, and its text, which is never to be had again. Raises Refused."""
    known = [scope.value for scope in Scope if scope.value in scopes]
    name = "".join(character for character in name if character.isprintable()).strip()
    sentences = {}
    if not name or len(name) > NAME_CHARACTERS:
        sentences["name"] = f"Give it a name of at most {NAME_CHARACTERS} characters, such as that of the script."
    if not known or len(known) != len(set(scopes)):
        sentences["scopes"] = "Choose what it may be used for."
    if sentences:
        raise Refused(sentences)
    text = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token = ApiToken(name=name, digest=_digest(text), scopes=known, user_id=user.id, created_at=now())
    session.add(token)
    session.flush()
    audit.record("token_created", person=user.email, token=token.id, scopes=" ".join(known))
    return token, text


def revoke(session: Session, token: ApiToken, *, person: str | None = None) -> None:
    """End a token, for good."""
    if token.revoked_at is None:
        token.revoked_at = now()
        audit.record("token_revoked", person=person, token=token.id)
        session.flush()


def every(session: Session) -> list[ApiToken]:
    """All tokens, newest first."""
    return list(session.scalars(select(ApiToken).order_by(ApiToken.id.desc())))


def holder(session: Session, text: str) -> ApiToken | None:
    """The token with this text, unless it was revoked or its person may not come in any more."""
    # What is looked up is a digest of 256 random bits: its time tells nothing.
    token = session.scalar(select(ApiToken).where(ApiToken.digest == _digest(text)))
    return token if token is not None and token.revoked_at is None and token.user.active else None


def is_use_due(token: ApiToken) -> bool:
    """Whether the last use is to be noted again: once a minute is enough."""
    return token.used_at is None or now() - token.used_at > USE_NOTED_EVERY


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
