"""How often one may try, and how much one may send: tries are counted in the broker, or here while it is away."""

import hashlib

from flask import Flask, current_app, request, session
from flask_limiter import Limit, Limiter, RateLimitExceeded

from cdpweb import broker
from cdpweb.web import access

OF_ADDRESS = {
    "account.sign_in": "30/minute",
    "account.enter_code": "30/minute",
    "account.welcome": "30/minute",
    "security.report": "30/minute",
}
"""All posts from one address."""

OF_ACCOUNT = {"account.sign_in": "10/15 minutes", "account.enter_code": "10/15 minutes"}
"""Failed sign-ins to one account from one address."""

OF_ACCOUNT_ANYWHERE = {"account.sign_in": "100/hour"}
"""Failed sign-ins to one account from wherever."""

OF_PERSON = {
    "imports.upload": "120/hour",
    "imports.create": "600/hour",
    "account.change_password": "10/15 minutes",
    "account.add_second_factor": "10/15 minutes",
    "account.remove_second_factor": "10/15 minutes",
}
"""Posts of one person; a file may come with the form of `imports.create`."""

TAKE_FILES = {"imports.create", "imports.upload"}
"""Routes that take more than a form; what comes to others would fill the disk, and they are open to strangers."""


def init_app(app: Flask) -> None:
    """Count before the body of a request is read."""
    app.before_request(_limit_size)
    limits = [
        _limit(OF_ADDRESS, _address),
        _limit(OF_ACCOUNT, lambda: _digest(_address(), _account()), only_failures=True),
        _limit(OF_ACCOUNT_ANYWHERE, lambda: _digest(_account()), only_failures=True),
        _limit(OF_PERSON, lambda: _digest(access.person() or "")),
    ]
    counts = app.extensions["limits"] = broker.connect(app.config["BROKER_URL"])
    Limiter(
        _address,
        app=app,
        default_limits=limits,  # type: ignore[arg-type]
        storage_uri=_uri(app.config["BROKER_URL"]),
        storage_options={"connection_pool": counts.connection_pool},  # type: ignore[dict-item]
        strategy="moving-window",
        key_prefix="cdpweb:limits",
        in_memory_fallback_enabled=True,
        enabled=app.config.get("RATELIMIT_ENABLED", True),
    )


def _limit_size() -> None:
    if request.endpoint not in TAKE_FILES:
        request.max_content_length = current_app.config["MAX_FORM_MEMORY_SIZE"]


def wait_seconds(error: RateLimitExceeded) -> int:
    """How long to wait, at most."""
    limit = error.limit.limit if error.limit else None
    return limit.get_expiry() if limit else 60


def _limit(table: dict[str, str], key: object, *, only_failures: bool = False) -> Limit:
    return Limit(
        lambda: table.get(request.endpoint or "", ""),
        key_function=key,  # type: ignore[arg-type]
        methods=("POST",),
        scope=",".join(table.values()),
        deduct_when=(lambda answer: answer.status_code == 422) if only_failures else None,
    )


def _address() -> str:
    return _digest(request.remote_addr or "nowhere")


def _account() -> str:
    """Whose account is tried, as the form or the session of its second step says."""
    step = session.get("second_step") or {}
    return request.form.get("email", "").strip().lower() or str(step.get("user", ""))


def _digest(*parts: str) -> str:
    """Keys stand in the broker and in the log: neither is to know whom they mean."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:24]


def _uri(broker_url: str) -> str:
    """The broker's address as the limiter spells it."""
    return f"redis+{broker_url}" if broker_url.startswith("unix:") else broker_url
