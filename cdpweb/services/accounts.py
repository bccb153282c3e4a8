"""People who sign in: added, disabled, enabled, reset; their passwords and second factors."""

import hashlib
import uuid

from email_validator import EmailNotValidError, validate_email
from flask import current_app
from flask_security import hash_password
from flask_security.totp import Totp
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cdpweb.domain.roles import Role
from cdpweb.models import Project
from cdpweb.models.accounts import EMAIL_CHARACTERS, User
from cdpweb.models.types import now
from cdpweb.services import audit
from cdpweb.services.refused import Refused
from cdpweb.signing_in import security

LINK_SECONDS = 24 * 3600
LEAST_PASSWORD_CHARACTERS = 12
MOST_PASSWORD_CHARACTERS = 200
CODE_WINDOW_SECONDS = 30
FIRST_OWNER = "first owner"


# Finding


def is_new(session: Session) -> bool:
    """Whether nobody can sign in yet."""
    return session.scalar(select(User.id).where(User.password.is_not(None)).limit(1)) is None


def everybody(session: Session) -> list[User]:
    """All people, by their email."""
    return list(session.scalars(select(User).order_by(User.email)))


def by_email(session: Session, email: str) -> User | None:
    """The person with this email, in any case."""
    if "\0" in email:  # PostgreSQL cannot even be asked for it
        return None
    return session.scalar(select(User).where(User.email == email.strip().lower()))


# Links: signed, for 24 hours, and used up by the password that they let one choose


def first_link(session: Session) -> str | None:
    """The token of the link that makes the owner's account; None where there is one."""
    return _signer().dumps([0, FIRST_OWNER]) if is_new(session) else None


def link(user: User) -> str:
    """The token of a link by which a person chooses a password."""
    return _signer().dumps([user.id, _state(user)])


def linked(session: Session, token: str) -> User | None:
    """The person whom a link is for, None for the first owner's. Raises Refused where it does not hold any more."""
    try:
        user_id, state = _signer().loads(token, max_age=LINK_SECONDS)
    except (BadData, ValueError, TypeError):
        raise Refused("This link is not valid any more. Links hold for 24 hours; ask for a new one.") from None
    if state == FIRST_OWNER and is_new(session):
        return None
    user = session.get(User, user_id)
    if user is None or not user.active or _state(user) != state:
        raise Refused("This link has been used already. Sign in, or ask for a new one.")
    return user


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="welcome")


def _state(user: User) -> str:
    """What changes as soon as the link is used, or the person's sessions are ended."""
    return hashlib.sha256(f"{user.fs_uniquifier}{user.password}".encode()).hexdigest()[:16]


# Adding


def create_owner(session: Session, email: str, password: str) -> User:
    """Make the first account. Raises Refused, also where somebody was quicker."""
    # Two who open the link at once come one after the other.
    session.execute(select(Project.id).with_for_update())
    if not is_new(session):
        raise Refused("There is an owner already. Sign in, or ask the owner to add you.")
    # An owner who was added from the shell and has not chosen a password yet takes the account over.
    user = by_email(session, email) or _added(session, email, Role.OWNER)
    user.role, user.active = Role.OWNER.value, True
    set_password(user, password)
    session.flush()
    audit.record("owner_created", person=user.email, user=user.id)
    return user


def add(session: Session, email: str, role: Role, *, person: str | None = None) -> User:
    """Add a person, who then chooses a password by the link. Raises Refused."""
    user = _added(session, email, role)
    audit.record("user_added", person=person, user=user.id, role=role.value)
    return user


def _added(session: Session, email: str, role: Role) -> User:
    normal = _normal_email(email)
    if by_email(session, normal):
        raise Refused({"email": f"{normal} has an account already."})
    user = User(email=normal, role=role.value, fs_uniquifier=uuid.uuid4().hex, active=True, created_at=now())
    session.add(user)
    session.flush()
    return user


def _normal_email(email: str) -> str:
    try:
        normal = validate_email(email.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise Refused({"email": f"This is not an email address: {error}"}) from error
    if len(normal) > EMAIL_CHARACTERS:
        raise Refused({"email": f"The address is longer than {EMAIL_CHARACTERS} characters."})
    return normal


# Changing; the last owner stays one


def disable(session: Session, user: User, *, person: str | None = None) -> None:
    """Let a person in no more, from this moment on. Raises Refused for the last owner."""
    _refuse_last_owner(session, user)
    user.active = False
    end_sessions(user)
    audit.record("user_disabled", person=person, user=user.id)


def enable(user: User, *, person: str | None = None) -> None:
    """Let a person in again."""
    user.active = True
    audit.record("user_enabled", person=person, user=user.id)


def change_role(session: Session, user: User, role: Role, *, person: str | None = None) -> None:
    """Give a person another role. Raises Refused for the last owner."""
    if role == user.kind:
        return
    if role is not Role.OWNER:
        _refuse_last_owner(session, user)
    audit.record("role_changed", person=person, user=user.id, before=user.role, after=role.value)
    user.role = role.value


def reset(user: User, *, person: str | None = None) -> str:
    """Take a person's second factor and sessions away; the token of a link to choose a new password."""
    user.totp_secret = user.totp_counter = None
    end_sessions(user)
    audit.record("user_reset", person=person, user=user.id)
    return link(user)


def end_sessions(user: User) -> None:
    """Sign a person out everywhere."""
    user.fs_uniquifier = uuid.uuid4().hex


def _refuse_last_owner(session: Session, user: User) -> None:
    owners = select(func.count()).select_from(User).where(User.role == Role.OWNER.value, User.active)
    if user.kind is Role.OWNER and user.active and (session.scalar(owners) or 0) < 2:
        raise Refused(f"{user.email} is the last owner. Make somebody else an owner first.")


# Passwords


def set_password(user: User, password: str) -> None:
    """Set a password and end all sessions. Raises Refused where it is too easy."""
    normal = security.password_util.normalize(password)
    if len(normal) < LEAST_PASSWORD_CHARACTERS:
        raise Refused({"password": f"Use at least {LEAST_PASSWORD_CHARACTERS} characters; several words do well."})
    if len(normal) > MOST_PASSWORD_CHARACTERS:
        raise Refused({"password": f"Use at most {MOST_PASSWORD_CHARACTERS} characters."})
    if len(set(normal)) < 5 or normal.lower() in (user.email, user.email.partition("@")[0]):
        raise Refused({"password": "This is too easy to guess. Several words that do not belong together do well."})
    user.password = hash_password(normal)
    end_sessions(user)


def is_password(user: User | None, password: str) -> bool:
    """Whether it is the person's password; the answer takes as long for nobody as for somebody."""
    normal = security.password_util.normalize(password[: MOST_PASSWORD_CHARACTERS + 1])
    if user is None or user.password is None:
        hash_password(normal)
        return False
    return bool(user.verify_and_update_password(normal)) and user.active


# The second factor: time-based one-time passwords (RFC 6238)


class CountedTotp(Totp):
    """Takes no code twice."""

    def get_last_counter(self, user: User) -> int | None:  # type: ignore[override]
        """The counter of the last code."""
        return user.totp_counter

    def set_last_counter(self, user: User, tmatch: object) -> None:  # type: ignore[override]
        """Keep the counter of a code that was right."""
        user.totp_counter = tmatch.counter  # type: ignore[attr-defined]


def totp() -> CountedTotp:
    """Makes and checks codes; secrets are stored encrypted by a key that follows from SECRET_KEY."""
    key = hashlib.sha256(f"totp {current_app.config['SECRET_KEY']}".encode()).hexdigest()
    return CountedTotp({"1": key}, issuer="cdpweb")


def is_code(user: User, secret: str, code: str) -> bool:
    """Whether it is the code of this half minute, the one before or the one after, and not used before."""
    digits = "".join(code.split())
    return digits.isascii() and digits.isdigit() and totp().verify_totp(digits, secret, user, CODE_WINDOW_SECONDS)
