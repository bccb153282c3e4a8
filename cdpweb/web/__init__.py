"""What a browser sees: one blueprint per noun."""

from flask import Flask

from cdpweb.web import (
    access,
    customers,
    errors,
    frame,
    health,
    imports,
    lingering,
    masking,
    security,
    segments,
    settings,
    static_files,
    tasks,
    templating,
)

PARTS = (access, errors, lingering, masking, security, static_files, templating)
BLUEPRINTS = (customers.bp, frame.bp, health.bp, imports.bp, segments.bp, settings.bp, tasks.bp)


def register(app: Flask) -> None:
    """Give `app` its pages."""
    for part in PARTS:
        part.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
