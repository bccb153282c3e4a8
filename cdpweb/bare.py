"""The application without pages: all that commands and workers need, which start the sooner for it."""

import datetime as dt
from typing import Any

from flask import Flask

from cdpweb import extensions, logs
from cdpweb.config import Config, prepare_instance, read_config

FORM_OVERHEAD_BYTES = 1_000_000
"""What a form may weigh beside its file."""


def create_bare_app(**overrides: Any) -> Flask:
    """An application with its database and extensions; `overrides` as for `app.create_app`."""
    app = configured(**overrides)
    extensions.init_app(app)
    return app


def configured(**overrides: Any) -> Flask:
    """An application that has nothing yet but the settings of the environment. Raises BadSetting with a sentence."""
    named = {name: overrides.pop(name) for name in list(overrides) if name in Config.__dataclass_fields__}
    config = prepare_instance(read_config(**named))
    logs.configure_logs(config.LOG_LEVEL)
    app = Flask("cdpweb", template_folder="../templates", static_folder="../static", instance_path=str(config.INSTANCE))
    app.config.from_mapping(_flask_settings(config) | overrides)
    app.extensions["cdpweb_config"] = config
    return app


def _flask_settings(config: Config) -> dict[str, Any]:
    """Our settings under their names, and those of Flask and its extensions that follow from them."""
    own = {name: getattr(config, name) for name in Config.__dataclass_fields__}
    return own | {
        "SQLALCHEMY_DATABASE_URI": config.database_uri,
        # Values bound to statements are personal data; a server that was restarted has dropped our connections.
        "SQLALCHEMY_ENGINE_OPTIONS": {"hide_parameters": True, "pool_pre_ping": True},
        "BROKER_URL": config.broker_url,
        "MAX_CONTENT_LENGTH": config.MAX_UPLOAD_BYTES + FORM_OVERHEAD_BYTES,
        "MAX_FORM_MEMORY_SIZE": FORM_OVERHEAD_BYTES,
        "MAX_FORM_PARTS": 10_000,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": config.is_secure,
        "PERMANENT_SESSION_LIFETIME": dt.timedelta(hours=config.SESSION_HOURS),
        "PREFERRED_URL_SCHEME": "https" if config.is_secure else "http",
        "WTF_CSRF_TIME_LIMIT": None,
        # A foreign page that resolves its own name to this machine must not be served.
        "TRUSTED_HOSTS": config.hosts,
        "SECURITY_JOIN_USER_ROLES": False,
        "SECURITY_CLI_USERS_NAME": None,
        "SECURITY_CLI_ROLES_NAME": None,
        "SECURITY_PASSWORD_SINGLE_HASH": True,
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
    }
