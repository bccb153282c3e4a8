"""How Alembic reaches the database of the application and compares it with the models."""

from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from cdpweb.extensions import db
from cdpweb.models import identifiers, types
from cdpweb.models.base import is_of

OUR_TYPES = {"types.BigInt": types.BigInt, "types.Key": types.Key}


def migrate_online() -> None:
    """Run the migrations in one transaction: all of them or none."""
    with db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            _run(connection)
            return
        # A batch copies a table and drops the old one: with foreign keys enforced that would delete what refers to it.
        _enforce_foreign_keys(connection, "OFF")
        try:
            _run(connection)
        finally:
            _enforce_foreign_keys(connection, "ON")


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=identifiers.declared(connection.dialect.name),
        include_object=lambda item, *_: is_of(connection.dialect.name, item),
        transactional_ddl=True,
        render_item=_render,
        **current_app.extensions["migrate"].configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            _check_foreign_keys(connection)


def _enforce_foreign_keys(connection: Connection, state: str) -> None:
    """Outside any transaction, for inside one SQLite ignores it."""
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA foreign_keys = {state}")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"{len(broken)} rows refer to what is not there, such as one of table {broken[0][0]}")


def _render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Our own column types by their names."""
    if kind != "type":
        return False
    for decorator in (types.Instant, types.Json):
        if isinstance(item, decorator):
            return f"types.{decorator.__name__}()"
    same = [name for name, ours in OUR_TYPES.items() if _spelling(ours) == _spelling(item)]
    return same[0] if same else False


def _spelling(column_type: Any) -> str:
    """A type with its variants, which its own repr leaves out."""
    return f"{column_type!r} {dict(column_type._variant_mapping)!r}"


if context.is_offline_mode():
    raise SystemExit("Migrations need a database: run python -m cdpweb db upgrade.")
migrate_online()
