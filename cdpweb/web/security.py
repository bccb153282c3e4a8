"""Headers that tell the browser what it must not do, and the place where it reports that a page tried."""

import structlog
from flask import Blueprint, Flask, Response, request

from cdpweb.extensions import csrf

REPORT_ADDRESS = "/csp-report"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    f"report-uri {REPORT_ADDRESS}"
)
REPORT_BYTES = 10_000

bp = Blueprint("security", __name__)
log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Send the headers with every answer."""
    app.register_blueprint(bp)
    app.after_request(_protect)


def _protect(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    return response


@bp.post(REPORT_ADDRESS)
@csrf.exempt
def report() -> tuple[str, int]:
    """Log that a page tried what the policy forbids: a bug of ours, or something injected."""
    log.warning("policy_violated", report=request.stream.read(REPORT_BYTES).decode("utf-8", "replace"))
    return "", 204
