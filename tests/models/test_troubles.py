"""Troubles of the database are told apart, and their words hold nobody's values."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cdpweb.config import read_config
from cdpweb.extensions import db
from cdpweb.models import Customer, Project, troubles
from cdpweb.models.types import now
from tests.databases import on_postgres

KINDS = (troubles.is_away, troubles.is_busy, troubles.is_overtaken)


@pytest.fixture
def engine(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


def trouble_of(act: Callable[[], object]) -> DBAPIError:
    with pytest.raises(DBAPIError) as trouble:
        act()
    return trouble.value


def kinds_of(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in KINDS if kind(error)]


def test_what_is_bound_to_a_statement_stays_out_of_the_words(session: Session) -> None:
    error = trouble_of(
        lambda: session.execute(text("SELECT * FROM nowhere WHERE email = :email"), {"email": "who@x.org"})
    )
    assert "who@x.org" not in str(error)
    assert kinds_of(error) == []


def test_what_a_unique_index_refuses_stays_out_of_the_words(session: Session) -> None:
    session.add_all([Customer(id=number, email="who@x.org", created_at=now()) for number in (1, 2)])
    error = trouble_of(session.flush)
    assert "who@x.org" not in str(error) + str(error.orig)
    assert "unique" in str(error).lower()


@on_postgres
def test_what_the_driver_itself_says_can_be_hushed(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        with pytest.raises(Exception, match="already exists") as trouble:
            driver.execute("insert into counters values ('who@x.org', 1), ('who@x.org', 2)")
        driver.rollback()
    assert kinds_of(trouble.value) == ["is_overtaken"]
    troubles.hush(trouble.value)
    assert "who@x.org" not in str(trouble.value)


def test_a_server_that_is_not_there_is_away() -> None:
    engine = create_engine(read_config({"DATABASE_URL": "postgresql://cdpweb@127.0.0.1:1/nothing"}).database_uri)
    assert kinds_of(trouble_of(engine.connect)) == ["is_away"]


@on_postgres
def test_a_connection_that_is_cut_is_away(engine: Engine) -> None:
    with engine.connect() as connection, engine.connect() as other:
        number = connection.execute(text("select pg_backend_pid()")).scalar_one()
        other.execute(text("select pg_terminate_backend(:number)"), {"number": number})
        error = trouble_of(lambda: connection.execute(select(Project.id)))
    assert kinds_of(error) == ["is_away"]


@on_postgres
def test_a_deadlock_is_passing(engine: Engine) -> None:
    lock = text("select pg_advisory_xact_lock(:number)")
    with engine.connect() as one, engine.connect() as other:
        one.execute(lock, {"number": 1})
        other.execute(lock, {"number": 2})
        other.execute(text("set local deadlock_timeout = '50ms'"))
        # It waits, and this thread does not wait for it.
        one.connection.driver_connection.pgconn.send_query(b"select pg_advisory_xact_lock(2)")  # type: ignore[union-attr]
        error = trouble_of(lambda: other.execute(lock, {"number": 1}))
        one.invalidate()
    assert kinds_of(error) == ["is_busy"]
    assert troubles.is_passing(error)


def test_a_bug_is_none_of_them() -> None:
    assert kinds_of(ZeroDivisionError("database is locked")) == []
