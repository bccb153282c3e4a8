"""SQLite's one write lock: who waits for it looks often, and imports let people go first.

SQLite has no queue. An import takes the lock anew within milliseconds of letting go, so that a person might wait for
one block after the other. Therefore people who wait hold a shared lock on a file beside the database; before each block
an import waits until nobody does. The operating system frees the lock of a process that ends.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

TRY_SECONDS = 0.01
"""How often who waits looks whether the lock is free. SQLite itself looks only every 0.1 seconds."""

PATIENCE_SECONDS = 1.0
"""How long a block lets others go first, however many come."""


def begin(connection: Connection, busy_milliseconds: int, *, lets_others_first: bool) -> None:
    """Begin a transaction with the write lock; raises SQLAlchemy's OperationalError after `busy_milliseconds`."""
    path = waiting_room(connection)
    if lets_others_first:
        _let_others_first(path)
        _begin(connection, busy_milliseconds)
    elif not _begins(connection):
        with _waiting(path):
            _begin(connection, busy_milliseconds)


def waiting_room(connection: Connection) -> Path | None:
    """The file on which people who wait hold a lock; none for a database in memory."""
    database = connection.engine.url.database
    return Path(f"{database}-waiting") if database and database != ":memory:" else None


def _begin(connection: Connection, busy_milliseconds: int) -> None:
    until = time.monotonic() + busy_milliseconds / 1000
    while time.monotonic() < until:
        if _begins(connection):
            return
        time.sleep(TRY_SECONDS)
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # once more, for an error of SQLAlchemy's own


def _begins(connection: Connection) -> bool:
    """Begin if the lock is free just now."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True


@contextmanager
def _waiting(path: Path | None) -> Iterator[None]:
    """Be among those who wait."""
    if path is None:
        yield
        return
    room = _enter(path)
    try:
        fcntl.flock(room, fcntl.LOCK_SH)
        yield
    finally:
        os.close(room)


def _let_others_first(path: Path | None) -> None:
    """Return when nobody waits, or when that has taken long enough."""
    if path is None:
        return
    room = _enter(path)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not _is_empty(room) and time.monotonic() < until:
            time.sleep(TRY_SECONDS / 2)
    finally:
        os.close(room)


def _enter(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _is_empty(room: int) -> bool:
    """Whether nobody holds a lock; ours is let go at once, so that nobody who comes has to wait for it."""
    try:
        fcntl.flock(room, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(room, fcntl.LOCK_UN)
    return True
