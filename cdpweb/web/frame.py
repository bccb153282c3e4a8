"""What belongs to every page: the front door and the choice of light or dark."""

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from cdpweb.extensions import current_config
from cdpweb.web.arguments import parts_of
from cdpweb.web.templating import APPEARANCE_COOKIE, APPEARANCES

APPEARANCE_MAX_AGE_SECONDS = 365 * 24 * 3600

bp = Blueprint("frame", __name__)


@bp.get("/")
def root() -> Response:
    """Lead to the customers, where the work begins."""
    return redirect(url_for("customers.index"), code=303)


@bp.post("/appearance")
def choose_appearance() -> Response:
    """Keep the choice of light, dark or automatic in a cookie and show the same page again."""
    chosen = request.form.get("appearance")
    if chosen not in APPEARANCES:
        abort(400, "Choose Auto, Light or Dark.")
    response = redirect(_page_left(), code=303)
    response.set_cookie(
        APPEARANCE_COOKIE,
        chosen,
        max_age=APPEARANCE_MAX_AGE_SECONDS,
        samesite="Lax",
        httponly=True,
        secure=current_config().is_secure,
    )
    return response


def _page_left() -> str:
    """The page that the form stood on, if it is one of ours."""
    left = parts_of(request.referrer)
    if left.netloc != request.host:
        return url_for("frame.root")
    return left.path + (f"?{left.query}" if left.query else "")
