"""The extensions, unbound: create_app binds them to an application."""

from typing import Any

from flask import Flask, current_app
from flask_login.utils import _user_context_processor
from flask_security import Security
from flask_security.datastore import SQLAlchemyUserDatastore
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from flask_wtf import CSRFProtect
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session as SqlSession

from cdpweb.config import Config
from cdpweb.models import Base, User, connections
from cdpweb.models.accounts import NamedRole


class EdgeSession(Session):
    """A session that can be told beforehand, by `info["writes"] = True`, that its transactions will write."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """The engine; for a session that writes, one whose transactions begin with the write lock."""
        bind = super().get_bind(*args, **kwargs)
        if self.info.get("writes") and isinstance(bind, Engine):
            return self._writing(bind)
        return bind

    def _writing(self, engine: Engine) -> Engine:
        """The same engine object at each call, for a session keeps one connection per engine object."""
        if "writing_engine" not in self.info:
            self.info["writing_engine"] = engine.execution_options(**connections.WRITING)
        kept: Engine = self.info["writing_engine"]
        return kept


class Database(SQLAlchemy):
    """Flask-SQLAlchemy, with its session declared as what it stands for: services take a Session."""

    session: SqlSession  # type: ignore[assignment]


db = Database(model_class=Base, session_options={"class_": EdgeSession}, disable_autonaming=True)
csrf = CSRFProtect()
security = Security(datastore=SQLAlchemyUserDatastore(db, User, NamedRole), register_blueprint=False)


def init_app(app: Flask) -> None:
    """Bind all extensions to `app`."""
    db.init_app(app)
    csrf.init_app(app)
    security.init_app(app)
    # The library's own kind of token is not used: ours are scoped and revocable (services/tokens.py).
    security.login_manager.request_loader(lambda _request: None)
    # These would ask the database who one is, even for a style sheet or to show that the database is away;
    # web/access.py asks, where it is needed.
    app.before_request_funcs[None].remove(security.principal._on_before_request)
    app.template_context_processors[None].remove(_user_context_processor)
    with app.app_context():
        connections.prepare(db.engine)


def current_config() -> Config:
    """The settings of the application that is at work."""
    config: Config = current_app.extensions["cdpweb_config"]
    return config
