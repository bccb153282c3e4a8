"""At which revision of the tables a database stands: asked before every command, and so without Alembic's weight."""

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

MIGRATIONS = Path(__file__).parent.parent / "migrations"

_versions = table("alembic_version", column("version_num"))


def standing(connection: Connection) -> str | None:
    """The revision that the database is at; None where it has no tables yet."""
    if not inspect(connection).has_table(_versions.name):
        return None
    revision: str | None = connection.execute(select(_versions.c.version_num)).scalar()
    return revision


def newest() -> str:
    """The revision that this version of cdpweb needs: the number with which the name of the last one begins."""
    return max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]
