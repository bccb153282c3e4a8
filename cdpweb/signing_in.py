"""Signing in, unbound like the database: who shows pages binds it; commands about imports, and workers, do without."""

from flask import Flask
from flask_login.utils import _user_context_processor
from flask_security import Security
from flask_security.datastore import SQLAlchemyUserDatastore
from flask_wtf import CSRFProtect

from cdpweb.extensions import db
from cdpweb.models.accounts import NamedRole, User

csrf = CSRFProtect()
security = Security(datastore=SQLAlchemyUserDatastore(db, User, NamedRole), register_blueprint=False)


def init_app(app: Flask) -> None:
    """Let people sign in to `app`, whose database is there already."""
    csrf.init_app(app)
    security.init_app(app)
    # The library's own kind of token is not used: ours are scoped and revocable (services/tokens.py).
    security.login_manager.request_loader(lambda _request: None)
    # These would ask the database who one is, even for a style sheet or to show that the database is away;
    # web/access.py asks, where it is needed.
    app.before_request_funcs[None].remove(security.principal._on_before_request)
    app.template_context_processors[None].remove(_user_context_processor)
