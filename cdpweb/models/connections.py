"""How connections behave: how long they wait, what their errors say, and on SQLite who holds the one write lock."""

from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.orm import Session, scoped_session

from cdpweb.models import troubles, write_lock

BUSY_SECONDS = 15
"""How long a connection waits for another one that writes: for SQLite's lock, or one of PostgreSQL's."""

PRAGMAS: dict[str, Any] = {
    "journal_mode": "WAL",
    "synchronous": "NORMAL",
    "busy_timeout": BUSY_SECONDS * 1000,
    "foreign_keys": "ON",
    "cache_size": -64_000,
    "wal_autocheckpoint": 4000,
    "temp_store": "MEMORY",
}

WRITING = {"sqlite_begin": "IMMEDIATE"}
"""Execution options of a connection whose transactions take SQLite's write lock at once."""

BLOCK_PRAGMAS = {"wal_autocheckpoint": 0, "cache_size": -128_000}
WRITING_BLOCKS = {**WRITING, "sqlite_pragmas": BLOCK_PRAGMAS}
"""The same for one that writes blocks of an import: it lets others go first; each block touches most pages of the
indexes; and it is left to others to move what has been committed from the log into the database file."""


def prepare(engine: Engine) -> None:
    """Make the connections of `engine` ours."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "connect", _set_waits)
        event.listen(engine, "handle_error", _hush)


def begin_writing(session: Session) -> None:
    """Begin the session's transaction with SQLite's write lock, waiting for it; on PostgreSQL an ordinary one.

    A transaction that has read before it writes cannot wait for the lock: if another one has written meanwhile,
    SQLite refuses it at once with "database is locked". So whoever will write says so before reading.
    Raises RuntimeError in a transaction that has already begun.
    """
    if isinstance(session, scoped_session):
        session = session()
    if session.in_transaction():
        raise RuntimeError("begin_writing comes first in a transaction: commit or roll back what went before")
    session.connection(execution_options=WRITING)


def _set_pragmas(connection: Any, _record: object) -> None:
    """Set up a new SQLite connection; from here on no statement begins a transaction but our own BEGIN."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for name, value in PRAGMAS.items():
        cursor.execute(f"PRAGMA {name} = {value}")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("sqlite_begin") == "IMMEDIATE":
        pragmas = options.get("sqlite_pragmas", PRAGMAS)
        for name in BLOCK_PRAGMAS:
            connection.exec_driver_sql(f"PRAGMA {name} = {pragmas[name]}")
        _begin_writing(connection, lets_others_first="sqlite_pragmas" in options)
    else:
        connection.exec_driver_sql("BEGIN DEFERRED")


def _begin_writing(connection: Connection, *, lets_others_first: bool) -> None:
    """Wait for the write lock in our own way and not in SQLite's."""
    busy_milliseconds = PRAGMAS["busy_timeout"]
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        write_lock.begin(connection, busy_milliseconds, lets_others_first=lets_others_first)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {busy_milliseconds}")


def _set_waits(connection: Any, _record: object) -> None:
    """Set up a new PostgreSQL connection: nobody waits for a lock for ever."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    connection.commit()


def _hush(context: ExceptionContext) -> None:
    """Keep the values of rows out of what the server's refusals say."""
    troubles.hush(context.sqlalchemy_exception or context.original_exception)
    troubles.hush(context.original_exception)
