"""Segments: every group with its segments, and the way to their customers."""

from flask import Blueprint, render_template

from cdpweb.extensions import db
from cdpweb.models.snapshot import snapshot
from cdpweb.services.catalog.kinds import SEGMENT_GROUPS, SEGMENTS

bp = Blueprint("segments", __name__, url_prefix="/segments")


@bp.get("")
def index() -> str:
    """List the groups and their segments."""
    groups = sorted(snapshot(db.session).segment_groups, key=lambda group: group.name.casefold())
    return render_template("segments/index.html", groups=groups, group_kind=SEGMENT_GROUPS, segment_kind=SEGMENTS)
