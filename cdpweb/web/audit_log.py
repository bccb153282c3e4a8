"""The audit log, searched and exported; for owners (product §5)."""

from typing import Any

from flask import Blueprint, Response, render_template, request, stream_with_context, url_for

from cdpweb.extensions import db
from cdpweb.services import audit
from cdpweb.web import access
from cdpweb.web.arguments import number

bp = Blueprint("audit_log", __name__, url_prefix="/settings/audit")


@bp.get("")
def index() -> str:
    """List what was done, newest first."""
    text, event = _asked()
    found = audit.find(db.session, text=text, event=event, before=number("before"))
    page = found[: audit.PAGE_EVENTS]
    kept: dict[str, Any] = {name: value for name, value in (("q", text), ("event", event)) if value}
    return render_template(
        "audit/index.html",
        events=page,
        kept=kept,
        kinds=[(one, audit.TITLES.get(one, one.replace("_", " "))) for one in audit.events(db.session)],
        titles=audit.TITLES,
        words=audit.words,
        next=url_for("audit_log.index", before=page[-1].id, **kept) if len(found) > len(page) else "",
    )


@bp.get("/export.csv")
def export() -> Response:
    """Send what the search finds as CSV."""
    text, event = _asked()
    audit.record("audit_log_exported", person=access.person())
    lines = audit.export(db.session, text=text, event=event)
    answer = Response(stream_with_context(lines), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
    return answer


def _asked() -> tuple[str, str]:
    return request.args.get("q", "").strip()[:200], request.args.get("event", "")[:64]
