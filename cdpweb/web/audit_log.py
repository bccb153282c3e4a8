"""The audit log, searched and exported; for owners (product §5)."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from werkzeug.wrappers import Response as AnyResponse

from cdpweb.extensions import db
from cdpweb.services import audit
from cdpweb.web import access, sealing
from cdpweb.web.arguments import number

EVENT_NAME = re.compile("[a-z_]{1,64}")

bp = Blueprint("audit_log", __name__, url_prefix="/settings/audit")


@bp.get("")
def index() -> str:
    """List what was done, newest first."""
    text, event = sealing.opened(), _event(request.args)
    found = audit.find(db.session, text=text, event=event, before=number("before"))
    page = found[: audit.PAGE_EVENTS]
    kept = _kept(request.args.get(sealing.ARGUMENT, ""), event)
    return render_template(
        "audit/index.html",
        events=page,
        text=text,
        kept=kept,
        kinds=[(one, audit.TITLES.get(one, one.replace("_", " "))) for one in audit.events(db.session)],
        titles=audit.TITLES,
        words=audit.words,
        next=url_for("audit_log.index", before=page[-1].id, **kept) if len(found) > len(page) else "",
    )


@bp.post("")
def search() -> AnyResponse:
    """Lead to what the search finds; whom it names stands sealed in the address."""
    text = request.form.get("q", "").strip()
    kept = _kept(sealing.sealed(text) if text else "", _event(request.form))
    return redirect(url_for("audit_log.index", **kept), code=303)


@bp.get("/export.csv")
def export() -> Response:
    """Send what the search finds as CSV."""
    text, event = sealing.opened(), _event(request.args)
    audit.record("audit_log_exported", person=access.person())
    lines = audit.export(db.session, text=text, event=event)
    answer = Response(stream_with_context(lines), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
    return answer


def _event(given: Mapping[str, str]) -> str:
    """The kind of event asked for; a name that none can have asks for all."""
    event = given.get("event", "")
    return event if EVENT_NAME.fullmatch(event) else ""


def _kept(token: str, event: str) -> dict[str, Any]:
    """The search as arguments of an address."""
    return {name: value for name, value in ((sealing.ARGUMENT, token), ("event", event)) if value}
