"""Lets a refusal reach whoever is still sending a file: a connection closed too early would lose the answer."""

import time
from contextlib import suppress

from flask import Flask, Response, request
from gunicorn.http.errors import NoMoreData, ParseException

PIECE_BYTES = 1 << 16
LINGER_SECONDS = 30


def init_app(app: Flask) -> None:
    """Take what is left of every request before it is answered."""
    app.after_request(_take_the_rest)


def _take_the_rest(response: Response) -> Response:
    """Read on and throw away; a sender who takes longer is cut off (RFC 9112, 9.6)."""
    if request.environ.get("wsgi.input_terminated"):
        body, end = request.environ["wsgi.input"], time.monotonic() + LINGER_SECONDS
        with suppress(NoMoreData, ParseException):
            while time.monotonic() < end and body.read(PIECE_BYTES):
                pass
    return response
