"""Static files: each address carries a hash of the content, so browsers may keep the file for ever."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
"""For addresses without the hash, such as a module imported by another: the browser asks whether it has changed."""


def init_app(app: Flask) -> None:
    """Add the hash to what `url_for("static", ...)` answers, and the caching rule to the files."""
    app.url_defaults(_add_hash)
    app.after_request(_set_caching)


def _add_hash(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "v" not in values:
        values["v"] = _hash_of(values["filename"])


def _set_caching(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code in (200, 206, 304):
        filename = (request.view_args or {})["filename"]
        is_current = request.args.get("v") == _hash_of(filename)
        response.headers["Cache-Control"] = FOR_EVER if is_current else ASK_AGAIN
    return response


def _hash_of(filename: str) -> str:
    path = Path(current_app.static_folder or "") / filename
    return _hash_at(path, path.stat().st_mtime_ns)


@cache
def _hash_at(path: Path, _modified_ns: int) -> str:
    """The hash of the file as it was at that time, so that an edited file gets a new address at once."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
