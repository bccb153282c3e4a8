"""What a browser sees: one blueprint per noun."""

from flask import Flask

from cdpweb.web import (
    access,
    account,
    audit_log,
    customers,
    errors,
    frame,
    health,
    imports,
    limits,
    lingering,
    masking,
    security,
    segments,
    settings,
    static_files,
    tasks,
    templating,
    tokens,
    users,
)

GUARDS = (access, limits)
PARTS = (errors, lingering, masking, security, static_files, templating)
BLUEPRINTS = (
    account.bp,
    audit_log.bp,
    customers.bp,
    frame.bp,
    health.bp,
    imports.bp,
    segments.bp,
    settings.bp,
    tasks.bp,
    tokens.bp,
    users.bp,
)


def guard(app: Flask) -> None:
    """Set up what has to ask first, before the extensions read the body of a request."""
    for part in GUARDS:
        part.init_app(app)


def register(app: Flask) -> None:
    """Give `app` its pages."""
    for part in PARTS:
        part.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
