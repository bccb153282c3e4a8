"""The application: create_app puts its parts together."""

from typing import Any

from flask import Flask
from jinja2 import StrictUndefined

from cdpweb import api, bare, extensions, signing_in, web


def create_app(**overrides: Any) -> Flask:
    """The application with the settings of the environment.

    `overrides` go first: names of settings (`config.Config`) or of Flask's and its extensions' own configuration.
    Raises BadSetting with a sentence.
    """
    app = bare.configured(**overrides)
    app.jinja_env.undefined = StrictUndefined
    web.guard(app)
    extensions.init_app(app)
    signing_in.init_app(app)
    web.register(app)
    api.register(app)
    return app
