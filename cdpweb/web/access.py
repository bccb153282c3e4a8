"""Who may do what: the one place where sign-in will stand."""

from flask import Flask, request

from cdpweb.extensions import db

READING_METHODS = {"GET", "HEAD", "OPTIONS"}


def init_app(app: Flask) -> None:
    """Ask `admit` before every request."""
    app.before_request(admit)


def admit() -> None:
    """Let the request in, and say whether it will write.

    Sign-in and roles will be decided here: find the person by the session cookie, send strangers to the sign-in page,
    answer 403 where the person's role does not reach. Until then the server listens on this machine only
    (`config._check_host`), and who reaches it may do all.
    """
    # A transaction that reads first and then writes is refused by SQLite whenever an import has written in between.
    db.session.info["writes"] = request.method not in READING_METHODS


def person() -> str | None:
    """Who is at the other end, as recorded with what they do; nobody is known yet."""
    return None
