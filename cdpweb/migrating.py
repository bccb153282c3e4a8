"""Bringing a database to the tables of this version."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import current_app
from sqlalchemy.exc import OperationalError

from cdpweb.config import BadSetting
from cdpweb.extensions import db
from cdpweb.models import shipped

FOLDER = Path(__file__).parent / "migrations"


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


def revision() -> str | None:
    """The revision that the database is at; None where it has no tables yet."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision that this version of cdpweb needs."""
    return ScriptDirectory(str(FOLDER)).get_current_head()


def _alembic() -> Config:
    settings: Config = current_app.extensions["migrate"].migrate.get_config(str(FOLDER))
    return settings
