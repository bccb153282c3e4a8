"""What a database's refusal means: that it is away, that somebody else was in the way, or a bug.

The drivers are known by what their errors have in common: psycopg may not be installed.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy.exc import DBAPIError

CONNECTION_LOST = ("08", "57P01", "57P02", "57P03")
"""PostgreSQL's classes of errors: no connection, shut down, crashed, not up yet."""

LOCK_NOT_AVAILABLE = "55P03"
UNIQUE_VIOLATION = "23505"
SERIALIZATION_FAILURE = "40001"
DEADLOCK_DETECTED = "40P01"

DISK_TROUBLES = ("unable to open database file", "disk I/O error")


def is_away(error: BaseException) -> bool:
    """Whether the database does not answer, so that nothing can be said about what was asked of it."""
    return any(_is_lost(driver) for driver in _of_drivers(error))


def is_busy(error: BaseException) -> bool:
    """Whether others held a lock for too long, or a deadlock was broken at our cost: the same will do, a bit later."""
    return any(
        "database is locked" in str(driver)
        or _state(driver) in (LOCK_NOT_AVAILABLE, SERIALIZATION_FAILURE, DEADLOCK_DETECTED)
        for driver in _of_drivers(error)
    )


def is_overtaken(error: BaseException) -> bool:
    """Whether somebody else has written the same unique value since we looked (PostgreSQL; SQLite has one writer)."""
    return any(_state(driver) == UNIQUE_VIOLATION for driver in _of_drivers(error))


def is_passing(error: BaseException) -> bool:
    """Whether the same transaction, begun anew, may well succeed."""
    return is_busy(error) or is_overtaken(error)


def hush(error: BaseException) -> None:
    """Take the values of rows out of the error's words: PostgreSQL quotes them as detail, and they reach logs."""
    for one in _chain(error):
        said = getattr(getattr(one, "diag", None), "message_primary", None)
        if said:
            one.args = (said,)
        elif isinstance(one, DBAPIError) and one.orig is not None and _state(one.orig):
            said = one.orig.diag.message_primary  # type: ignore[attr-defined]
            one.args = (f"({type(one.orig).__module__}.{type(one.orig).__name__}) {said}",)


def _is_lost(driver: BaseException) -> bool:
    state = _state(driver)
    if state is not None:
        return state.startswith(CONNECTION_LOST)
    if type(driver).__module__.startswith("psycopg"):
        return any(kind.__name__ in ("OperationalError", "InterfaceError") for kind in type(driver).__mro__)
    return str(driver).startswith(DISK_TROUBLES)


def _of_drivers(error: BaseException) -> Iterator[BaseException]:
    """The drivers' own errors among those that led to this one."""
    for one in _chain(error):
        if isinstance(one, DBAPIError) and one.orig is not None:
            yield one.orig
        elif type(one).__module__.partition(".")[0] in ("psycopg", "sqlite3"):
            yield one


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those that it was raised from or while they were dealt with."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _state(driver: Any) -> str | None:
    """PostgreSQL's five characters for what went wrong."""
    state: str | None = getattr(driver, "sqlstate", None)
    return state
