"""Bringing a database to the tables of this version."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from flask import Flask, current_app
from flask_migrate import Migrate
from sqlalchemy.exc import OperationalError

from cdpweb.config import BadSetting
from cdpweb.extensions import db
from cdpweb.models import shipped
from cdpweb.models.revision import MIGRATIONS

migrate = Migrate(directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)


def create_app() -> Flask:
    """An application for Flask's own commands: `flask --app cdpweb.migrating db migrate`."""
    from cdpweb import app

    made = app.create_app()
    migrate.init_app(made, db)
    return made


def upgrade() -> None:
    """Migrate to the newest revision and add the shipped rows; raises BadSetting where the database refuses."""
    try:
        command.upgrade(_alembic(), "head")
    except OperationalError as error:
        raise BadSetting(f"The database cannot be used: {str(error.orig).strip()} Check DATABASE_URL.") from error
    except CommandError as error:
        raise BadSetting(f"The database belongs to another version of cdpweb: {error}.") from error
    shipped.ship(db.session)
    db.session.commit()


def downgrade(target: str) -> None:
    """Go back to an earlier revision; "base" leaves no table."""
    command.downgrade(_alembic(), target)


def _alembic() -> Config:
    if "migrate" not in current_app.extensions:
        migrate.init_app(current_app, db)
    settings: Config = current_app.extensions["migrate"].migrate.get_config(str(MIGRATIONS))
    return settings
