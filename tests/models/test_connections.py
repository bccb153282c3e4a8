"""SQLite's connections: pragmas, transactions that really begin, one writer."""

import sqlite3
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from cdpweb.models import Project, Task, connections


@pytest.fixture
def database(sqlite_database: str) -> str:
    """SQLite's behaviour is the subject."""
    return sqlite_database


def other_writer(app: Flask) -> sqlite3.Connection:
    """Somebody else at the same database, who does not wait."""
    return sqlite3.connect(app.config["INSTANCE"] / "cdpweb.db", timeout=0, isolation_level=None)


def set_zone(session: Session, zone: str) -> None:
    session.execute(text("UPDATE project SET time_zone = :zone"), {"zone": zone})


def test_connections_carry_our_pragmas(session: Session) -> None:
    found = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in connections.PRAGMAS}
    assert found == {
        "journal_mode": "wal",
        "synchronous": 1,
        "busy_timeout": 15_000,
        "foreign_keys": 1,
        "cache_size": -64_000,
        "wal_autocheckpoint": 4000,
        "temp_store": 2,
    }


def test_foreign_keys_are_enforced(session: Session) -> None:
    with pytest.raises(IntegrityError):
        session.execute(text("INSERT INTO api_endpoints (system_name, name, touchpoint_id) VALUES ('x', 'x', 999)"))


def test_who_only_reads_does_not_take_the_write_lock(app: Flask, session: Session) -> None:
    session.scalar(select(Project.time_zone))
    other_writer(app).execute("UPDATE project SET time_zone = 'Asia/Tokyo'")


def test_a_reader_sees_one_state_of_the_database_until_it_ends_its_transaction(app: Flask, session: Session) -> None:
    assert session.scalar(select(Project.time_zone)) == "UTC"
    other_writer(app).execute("UPDATE project SET time_zone = 'Asia/Tokyo'")
    assert session.scalar(select(Project.time_zone)) == "UTC"
    session.commit()
    assert session.scalar(select(Project.time_zone)) == "Asia/Tokyo"


def test_who_reads_first_cannot_write_after_somebody_else(app: Flask, session: Session) -> None:
    session.scalar(select(Project.time_zone))
    other_writer(app).execute("UPDATE project SET time_zone = 'Asia/Tokyo'")
    with pytest.raises(OperationalError, match="database is locked"):
        set_zone(session, "Europe/Berlin")
    session.rollback()


def test_who_says_so_beforehand_can_write_after_reading(app: Flask, session: Session) -> None:
    connections.begin_writing(session)
    assert session.scalar(select(Project.time_zone)) == "UTC"
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        other_writer(app).execute("UPDATE project SET time_zone = 'Asia/Tokyo'")
    set_zone(session, "Europe/Berlin")
    session.commit()
    assert session.scalar(select(Project.time_zone)) == "Europe/Berlin"


def test_begin_writing_comes_first(session: Session) -> None:
    session.scalar(select(Project.time_zone))
    with pytest.raises(RuntimeError, match="comes first"):
        connections.begin_writing(session)


def test_a_session_that_writes_has_the_lock_from_its_first_statement(app: Flask, session: Session) -> None:
    session.info["writes"] = True
    session.scalar(select(Task.id))
    session.get(Project, 1)
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        other_writer(app).execute("UPDATE project SET time_zone = 'Asia/Tokyo'")
    session.rollback()
    other_writer(app).execute("UPDATE project SET time_zone = 'Asia/Tokyo'")


def test_tables_are_made_and_dropped_inside_transactions(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    connections.prepare(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.rollback()
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
    engine.dispose()
