"""People for tests: each role has one, signed in without a form."""

import time
import uuid
from typing import Any

from flask import Flask
from sqlalchemy import inspect, select

from cdpweb.domain.roles import Role
from cdpweb.extensions import db
from cdpweb.models import Base
from cdpweb.models.accounts import User
from cdpweb.models.connections import begin_writing
from cdpweb.models.types import now

PASSWORD = "seven quiet horses"
HASH = "$argon2id$v=19$m=65536,t=3,p=4$"


def person(app: Flask, role: Role) -> User:
    """The person who has this role, made at the first call; `owner@example.com`."""
    with app.app_context():
        if not inspect(db.engine).has_table("users"):
            Base.metadata.create_all(db.engine)
        found = db.session.scalar(select(User).where(User.email == f"{role}@example.com"))
        if found is None:
            db.session.rollback()
            begin_writing(db.session)
            # Nobody needs the hash: a session is all it takes, and hashing is slow on purpose.
            found = User(
                email=f"{role}@example.com",
                role=role.value,
                password=HASH,
                active=True,
                fs_uniquifier=uuid.uuid4().hex,
                created_at=now(),
            )
            db.session.add(found)
            db.session.commit()
        db.session.refresh(found)
        db.session.expunge(found)
        return found


def session_of(app: Flask, role: Role) -> dict[str, Any]:
    """What the cookie of a signed-in person says."""
    return {
        "_user_id": person(app, role).fs_uniquifier,
        "_fresh": True,
        "_permanent": True,
        "fs_cc": "set",
        "fs_paa": time.time(),
    }


def session_cookie(app: Flask, role: Role) -> str:
    """The cookie of a signed-in person."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return str(serializer.dumps(session_of(app, role)))


def browser_state(app: Flask, role: Role, url: str) -> Any:
    """The cookies of a browser in which a person has signed in, for playwright's `storage_state`."""
    return state_of(session_cookie(app, role), url)


def state_of(session: str, url: str) -> Any:
    """The same of a cookie that is at hand."""
    cookie = {"name": "session", "value": session, "url": url}
    return {"cookies": [cookie | {"httpOnly": True, "sameSite": "Lax"}], "origins": []}
