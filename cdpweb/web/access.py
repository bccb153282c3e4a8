"""Who may do what: asked before every request, before anything of its body is read."""

from flask import Flask, Response, abort, g, has_request_context, make_response, redirect, request, session, url_for
from flask_security import current_user
from flask_security.utils import validate_redirect_url
from sqlalchemy import update
from werkzeug.exceptions import SecurityError
from werkzeug.wrappers import Response as AnyResponse

from cdpweb.domain.roles import Role
from cdpweb.extensions import db
from cdpweb.models.accounts import ApiToken, User
from cdpweb.models.types import now
from cdpweb.services import audit, tokens
from cdpweb.services.audit import Origin
from cdpweb.web import rights
from cdpweb.web.arguments import parts_of

READING_METHODS = {"GET", "HEAD", "OPTIONS"}
LONGEST_NEXT = 2000
UNASKED = {"static", "health.show", "security.report"}
"""Routes that nobody's name is asked for."""


def init_app(app: Flask) -> None:
    """Ask `admit` before every request; must come before the extensions, which read forms."""
    app.before_request(admit)
    app.after_request(_keep_events)
    app.jinja_env.globals |= {"may": may, "user": user, "token_holder": token}


def admit() -> AnyResponse | None:
    """Let the request in, lead a stranger to the sign-in page, or refuse; and say whether it will write."""
    audit.origin.set(Origin(address=request.remote_addr))
    g.person = None
    if request.endpoint not in UNASKED and not isinstance(request.routing_exception, SecurityError):
        g.person = _signed_in()
    # A transaction that reads first and then writes is refused by SQLite whenever an import has written in between.
    db.session.info["writes"] = request.method not in READING_METHODS
    if rights.is_open(request.endpoint) or isinstance(request.routing_exception, SecurityError):
        return None
    if request.authorization and request.authorization.type == "bearer":
        _admit_token(request.authorization.token or "")
        return None
    someone = user()
    if someone is None:
        return _to_sign_in()
    _admit_person(someone)
    return None


def _signed_in() -> User | None:
    """Who the session says it is, read and let go: a slow upload must not hold the database meanwhile."""
    if "_user_id" not in session:
        return None
    db.session.info["writes"] = False
    someone: User | None = current_user._get_current_object() if current_user.is_authenticated else None
    if someone is not None:
        db.session.expunge(someone)
    db.session.rollback()
    return someone


def _admit_person(someone: User) -> None:
    audit.origin.set(Origin(someone.email, request.remote_addr))
    session.permanent = True
    if someone.kind not in rights.roles_of(request.endpoint):
        abort(403, f"Your role, {someone.role}, does not reach this page. An owner of this installation can change it.")


def user() -> User | None:
    """The person who has signed in, apart from the database."""
    return g.get("person") if has_request_context() else None


def token() -> ApiToken | None:
    """The API token by which the request came in."""
    held: ApiToken | None = g.get("api_token")
    return held


def person() -> str | None:
    """Who is at the other end, as recorded with what they do."""
    if held := token():
        return f"token:{held.name}"
    someone = user()
    return someone.email if someone else None


def may(endpoint: str) -> bool:
    """Whether who is at the other end may use a route: what they may not is not offered to them."""
    someone = user()
    return rights.is_open(endpoint) or (someone is not None and someone.kind in rights.roles_of(endpoint))


def sees_personal() -> bool:
    """Whether who is at the other end sees personal data as it is; whoever is not known does not."""
    someone = user()
    return token() is not None or (someone is not None and Role(someone.role).sees_personal)


def page_asked_for(address: str | None) -> str:
    """The page of ours that `next=` names, or the front page: never another site."""
    if not address or len(address) > LONGEST_NEXT or not address.isprintable() or "\\" in address:
        return url_for("frame.root")
    is_path = address.startswith("/") and not address.startswith("//")
    return address if is_path and validate_redirect_url(address) else url_for("frame.root")


def _to_sign_in() -> AnyResponse:
    """The sign-in page, which then leads back; a script and a fragment are told so in their own ways."""
    if request.headers.get("HX-Request"):
        left = parts_of(request.headers.get("HX-Current-URL"))
        answer = make_response("", 401)
        answer.headers["HX-Redirect"] = url_for("account.sign_in", next=left.path or None)
        return answer
    if request.method not in READING_METHODS or request.accept_mimetypes.best == "application/json":
        abort(401, "You are not signed in, or your session has ended. Sign in and do it again; nothing was changed.")
    return redirect(url_for("account.sign_in", next=_place()), code=303)


def _place() -> str | None:
    """Where the stranger wanted to go; nothing for the front page, and no search, which may be personal."""
    return request.path if request.path != "/" else None


def _admit_token(text: str) -> None:
    held = tokens.holder(db.session, text)
    if held is None:
        abort(401, "This API token is not known, or has been revoked. An owner can create another under Settings.")
    scope = rights.SCOPES.get(request.endpoint or "")
    if scope is None or scope.value not in held.scopes:
        needed = f"needs the scope {scope.value}" if scope else "is not open to API tokens"
        abort(403, f"This address {needed}.")
    if held.user.kind not in rights.roles_of(request.endpoint):
        abort(403, "Who created this API token may not do this any more. An owner can create another under Settings.")
    g.api_token = held
    audit.origin.set(Origin(f"token:{held.name}", request.remote_addr))
    if tokens.is_use_due(held):
        # In a transaction of its own: the request itself only reads.
        with db.engine.begin() as connection:
            connection.execute(update(ApiToken).where(ApiToken.id == held.id).values(used_at=now()))


def _keep_events(response: Response) -> Response:
    audit.commit_pending()
    return response
