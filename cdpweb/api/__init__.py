"""What scripts read: JSON, by an API token or by who is signed in."""

from flask import Flask

from cdpweb.api import tasks


def register(app: Flask) -> None:
    """Give `app` its addresses for scripts."""
    app.register_blueprint(tasks.bp)
