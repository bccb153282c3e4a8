"""Headers that tell the browser what it must not do, and the place where it reports that a page tried."""

import json

import structlog
from flask import Blueprint, Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from cdpweb.config import Config
from cdpweb.extensions import current_config
from cdpweb.signing_in import csrf
from cdpweb.web.arguments import parts_of

REPORT_ADDRESS = "/csp-report"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    f"report-uri {REPORT_ADDRESS}"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
HSTS = "max-age=31536000; includeSubDomains"
REPORT_BYTES = 10_000
REPORTED = ("violated-directive", "document-uri", "blocked-uri")
REPORTED_CHARACTERS = 100

bp = Blueprint("security", __name__)
log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Send the headers with every answer; believe as many proxies as there are."""
    app.register_blueprint(bp)
    app.after_request(_protect)
    config: Config = app.extensions["cdpweb_config"]
    if config.PROXIES:
        count = config.PROXIES
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if current_config().is_secure:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    return response


@bp.post(REPORT_ADDRESS)
@csrf.exempt
def report() -> tuple[str, int]:
    """Log that a page tried what the policy forbids: a bug of ours, or something injected."""
    log.warning("policy_violated", **_facts(request.stream.read(REPORT_BYTES)))
    return "", 204


def _facts(body: bytes) -> dict[str, str]:
    """What the log may know of a report, which anybody may send: no search of the page's address, no sample of it."""
    try:
        said = json.loads(body)["csp-report"]
        directive, page, blocked = (str(said.get(name, "")) for name in REPORTED)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {"directive": "not readable"}
    source = parts_of(blocked)
    return {
        "directive": directive[:REPORTED_CHARACTERS],
        "page": parts_of(page).path[:REPORTED_CHARACTERS],
        "blocked": (source.netloc or source.scheme or source.path)[:REPORTED_CHARACTERS],
    }
