"""Error pages: every refusal says what is wrong and what to do."""

import secrets

import structlog
from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from gunicorn.http.errors import NoMoreData, ParseException
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, SecurityError

from cdpweb.broker import BrokerDown
from cdpweb.extensions import db
from cdpweb.models import troubles
from cdpweb.web import limits
from cdpweb.web.templating import duration, size

log = structlog.get_logger()

RETRY_SECONDS = 5

DATABASE_AWAY = (
    "The database does not answer",
    "Nothing was changed; try again in a few seconds. If that does not help, tell the operator.",
)
SENTENCES = {
    400: ("The request was not understood", "Go back, reload the page and try again."),
    401: ("You are not signed in", "Sign in and try again."),
    403: ("This is not allowed", "Ask the owner of this installation for the right to do it."),
    404: ("There is no such page", "The address may be mistyped, or what it showed has been deleted."),
    405: ("This address cannot be used that way", "Go back to the page you came from and use its buttons."),
    409: ("Somebody else was faster", "Nothing was changed. Go back, reload the page and try again."),
    422: ("Something in the form is not right", "Go back, correct it and send it again."),
    429: ("That was too often", "Wait a quarter of an hour and try again."),
    500: ("Something went wrong on our side", "Try again; if it happens again, report this id to the operator: {id}"),
    503: ("The database is busy", "Another job is writing. Nothing was changed; try again in a few seconds."),
    507: ("There is not enough free disk space", "Ask the operator to make room, then upload the file again."),
}


def init_app(app: Flask) -> None:
    """Answer every trouble with a page."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(CSRFError, _form_too_old)
    app.register_error_handler(SecurityError, _foreign_name)
    app.register_error_handler(413, _too_large)
    # A body in chunks that breaks off, or is none, is noticed while a view reads it.
    app.register_error_handler(NoMoreData, _broken_off)
    app.register_error_handler(ParseException, _broken_off)
    app.register_error_handler(RateLimitExceeded, _too_often)
    app.register_error_handler(DBAPIError, _failed)
    app.register_error_handler(BrokerDown, _broker_down)
    app.register_error_handler(500, _failed)


def _refused(error: HTTPException) -> Response:
    """The page of an HTTP status; a sentence given by the view with `abort(404, "…")` goes before our own."""
    if error.response is not None:
        return make_response(error.response)
    code = error.code or 500
    title, advice = SENTENCES.get(code, (error.name, "Go back and try again."))
    is_own_sentence = error.description and error.description != type(error).description
    answer = _answer(code, title, error.description if is_own_sentence and error.description else advice)
    answer.headers.extend(
        [(name, value) for name, value in error.get_headers() if name in ("Allow", "Retry-After", "WWW-Authenticate")]
    )
    return answer


def _form_too_old(_error: CSRFError) -> Response:
    return _answer(400, "This form is too old", "Go back, reload the page, fill it in and send it again.")


def _foreign_name(_error: SecurityError) -> Response:
    """Under a name that is not ours no address of ours can be built, so the page stands alone."""
    sentence = "cdpweb does not answer under this name. The operator can add it to TRUSTED_HOSTS."
    return make_response(render_template("errors/bare.html", title="This is not our name", sentence=sentence), 400)


def _too_large(_error: HTTPException) -> Response:
    if request.endpoint not in limits.TAKE_FILES:
        most = size(current_app.config["MAX_FORM_MEMORY_SIZE"])
        return _answer(413, "This is too much", f"A form may have up to {most}. Go back and send less at a time.")
    limit = size(current_app.config["MAX_UPLOAD_BYTES"])
    return _answer(
        413,
        "This file is too large",
        f"A file may have up to {limit}. Split it, or compress it as .gz or .zip, and upload the parts.",
    )


def _broken_off(_error: Exception) -> Response:
    return _answer(400, "The request broke off", "The connection broke off or was too slow. Go back and send it again.")


def _too_often(error: RateLimitExceeded) -> Response:
    seconds = limits.wait_seconds(error)
    log.warning("too_often", endpoint=request.endpoint)
    answer = _answer(429, "That was too often", f"Wait {duration(seconds)} and try again.")
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _database_trouble(error: BaseException) -> Response | None:
    """503 where the database is busy for too long or does not answer, 409 where somebody was faster, else None."""
    if troubles.is_overtaken(error):
        code, (title, sentence) = 409, SENTENCES[409]
    elif troubles.is_busy(error):
        code, (title, sentence) = 503, SENTENCES[503]
    elif troubles.is_away(error):
        code, (title, sentence) = 503, DATABASE_AWAY
    else:
        return None
    log.warning("database_trouble", trouble=title, endpoint=request.endpoint)
    answer = _answer(code, title, sentence)
    if code == 503:
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _broker_down(error: BrokerDown) -> Response:
    log.warning("broker_down", endpoint=request.endpoint)
    return _answer(503, "The job queue does not answer", str(error))


def _failed(error: Exception) -> Response:
    """A trouble of the database, or else a bug: logged under an id that the page names."""
    _start_afresh()
    cause = getattr(error, "original_exception", None) or error
    troubles.hush(cause)
    if answer := _database_trouble(cause):
        return answer
    number = secrets.token_hex(4)
    log.error("request_failed", id=number, endpoint=request.endpoint, method=request.method, exc_info=cause)
    title, advice = SENTENCES[500]
    return _answer(500, title, advice.format(id=number))


def _start_afresh() -> None:
    """Drop what the request has begun: the page may read from the database again, and needs no write lock for it."""
    db.session.rollback()
    db.session.info["writes"] = False


def _answer(code: int, title: str, sentence: str) -> Response:
    """A page, or JSON for a script that asks for it."""
    if request.accept_mimetypes.best == "application/json" or request.path.startswith("/api/"):
        answer = jsonify(error=title, message=sentence)
    else:
        answer = make_response(_page(code, title, sentence))
    answer.status_code = code
    return answer


def _page(code: int, title: str, sentence: str) -> str:
    """The error page; a bare one where the frame itself fails, for an error page must never fail."""
    try:
        return render_template("errors/show.html", code=code, title=title, sentence=sentence)
    except Exception:
        log.exception("error_page_failed", code=code)
        return render_template("errors/bare.html", title=title, sentence=sentence)
