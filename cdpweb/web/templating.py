"""What templates may use beside their own context: filters, the menu, the style sheets, light or dark."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, request, url_for
from sqlalchemy import select

from cdpweb.extensions import db
from cdpweb.models.catalog import Project
from cdpweb.models.types import now
from cdpweb.web import access

APPEARANCES = ("auto", "light", "dark")
APPEARANCE_COOKIE = "appearance"

# A blueprint belongs to the entry that is marked as current on its pages.
MENU = (
    ("Customers", "customers.index", ("customers", "imports")),
    ("Tasks", "tasks.index", ("tasks",)),
    ("Segments", "segments.index", ("segments",)),
    ("Settings", "settings.index", ("settings", "users", "tokens", "audit_log")),
)


class MenuEntry(NamedTuple):
    """One line of the sidebar."""

    label: str
    address: str
    is_current: bool


def init_app(app: Flask) -> None:
    """Give the templates of `app` their filters and globals."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {
        "thousands": thousands,
        "counted": counted,
        "size": size,
        "clock": clock,
        "exact_time": exact_time,
        "ago": ago,
        "duration": duration,
        "percent": percent,
        "dotted": dotted,
    }
    app.jinja_env.globals |= {"stylesheets": stylesheets, "menu_entries": menu_entries}
    app.context_processor(_appearance)


# Numbers and sizes


def thousands(number: int) -> str:
    """12345 as "12,345"."""
    return f"{number:,}"


def counted(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun: "1 row", "12,345 rows"."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def dotted(parts: Iterable[str]) -> str:
    """Parts of one line: "3 rows · 2 warnings". A line that wraps breaks after a dot, never before it."""
    return "\N{NO-BREAK SPACE}· ".join(parts)


def size(size_bytes: int) -> str:
    """Bytes as people read them, in decimal units: "14.2 MB"."""
    if size_bytes < 1000:
        return counted(size_bytes, "byte")
    for unit, factor in (("kB", 10**3), ("MB", 10**6), ("GB", 10**9)):
        # Below 999.95 the rounded figure still fits the unit.
        if size_bytes < 999.95 * factor or unit == "GB":
            break
    return f"{size_bytes / factor:,.1f}".removesuffix(".0") + f" {unit}"


def percent(part: int, whole: int) -> str:
    """A share, rounded down so that 100% means all of it."""
    return f"{part * 100 // whole if whole else 0}%"


def duration(seconds: float) -> str:
    """A stretch of time in its two largest units: "45 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return counted(hours // 24, "day")


# Moments: aware, shown in the project's time zone


def clock(moment: dt.datetime) -> str:
    """A moment to the minute: "23 Nov 2026, 14:57"."""
    local = moment.astimezone(project_zone())
    return f"{local.day} {local:%b %Y, %H:%M}"


def exact_time(moment: dt.datetime) -> str:
    """A moment to the second with its zone: "23 Nov 2026, 14:57:03 Europe/Berlin (UTC+01:00)"."""
    zone = project_zone()
    local = moment.astimezone(zone)
    offset = "" if zone.key == "UTC" else f" (UTC{local.isoformat()[-6:]})"
    return f"{local.day} {local:%b %Y, %H:%M:%S} {zone.key}{offset}"


def ago(moment: dt.datetime) -> str:
    """How long ago a moment was: "just now", "12 minutes ago", then the day itself."""
    seconds = (now() - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return counted(int(seconds // 60), "minute") + " ago"
    if seconds < 24 * 3600:
        return counted(int(seconds // 3600), "hour") + " ago"
    return clock(moment)


def project_zone() -> ZoneInfo:
    """The project's time zone, read once in a request."""
    zone: ZoneInfo | None = g.get("project_zone")
    if zone is None:
        zone = g.project_zone = ZoneInfo(db.session.scalar(select(Project.time_zone)) or "UTC")
    return zone


# The frame


def menu_entries() -> list[MenuEntry]:
    """The sidebar's lines; the one whose pages these are is marked."""
    return [
        MenuEntry(label, url_for(endpoint), request.blueprint in blueprints)
        for label, endpoint, blueprints in MENU
        if endpoint in current_app.view_functions and access.may(endpoint)
    ]


def _appearance() -> dict[str, Any]:
    chosen = request.cookies.get(APPEARANCE_COOKIE)
    return {"appearance": chosen if chosen in APPEARANCES else APPEARANCES[0]}


def stylesheets() -> list[str]:
    """Addresses of all style sheets: the layers in their order, every component in a file of its own."""
    folder = Path(current_app.static_folder or "") / "css"
    components = sorted(path.name for path in (folder / "components").glob("*.css"))
    names = ["reset.css", "tokens.css", "base.css", *(f"components/{name}" for name in components), "utilities.css"]
    return [url_for("static", filename=f"css/{name}") for name in names]
