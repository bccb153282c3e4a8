"""The database and the settings of the application at hand."""

from typing import Any

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session as SqlSession

from cdpweb.config import Config
from cdpweb.models import Base, connections


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


def init_app(app: Flask) -> None:
    """Bind the database to `app`."""
    db.init_app(app)
    with app.app_context():
        connections.prepare(db.engine)


def current_config() -> Config:
    """The settings of the application that is at work."""
    config: Config = current_app.extensions["cdpweb_config"]
    return config
