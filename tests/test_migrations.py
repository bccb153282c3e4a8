"""The migrations make the tables that the models declare, on both databases."""

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Engine, create_engine, func, insert, select
from sqlalchemy.exc import IntegrityError

from cdpweb import migrating
from cdpweb.config import BadSetting
from cdpweb.extensions import db
from cdpweb.models import Base, Customer, ExternalId, Posting, Project, TaskRow, identifiers, revision
from cdpweb.models.base import is_of
from cdpweb.models.identifiers import FRESH, TRIGGERS
from cdpweb.models.types import now
from tests.identifying import assert_in_step
from tests.posting import unposted


def assert_migrated(app: Flask) -> None:
    with app.app_context():
        migrating.upgrade()
        migrating.upgrade()
        with db.engine.connect() as connection:
            dialect = connection.dialect.name
            opts = {"compare_type": True, "include_object": lambda item, *_: is_of(dialect, item)}
            context = MigrationContext.configure(connection, opts=opts)
            assert compare_metadata(context, identifiers.declared(dialect)) == []  # type: ignore[arg-type]
            assert revision.standing(connection) == context.get_current_revision() == revision.newest()
        assert db.session.scalar(select(Project.time_zone)) == "UTC"


def test_sqlite_is_migrated_to_the_models(make_app: Callable[..., Flask]) -> None:
    assert_migrated(make_app())


def test_postgresql_is_migrated_to_the_models(make_app: Callable[..., Flask], postgres_url: str) -> None:
    assert_migrated(make_app(DATABASE_URL=postgres_url))


def test_the_first_revision_can_be_taken_back(make_app: Callable[..., Flask]) -> None:
    with make_app().app_context():
        migrating.upgrade()
        migrating.downgrade("base")
        with db.engine.connect() as connection:
            assert revision.standing(connection) is None


def test_a_database_that_does_not_answer_is_refused_in_words(make_app: Callable[..., Flask]) -> None:
    app = make_app(DATABASE_URL="postgresql://cdpweb@127.0.0.1:1/nothing")
    with app.app_context(), pytest.raises(BadSetting, match="Check DATABASE_URL"):
        migrating.upgrade()


def test_a_database_of_a_newer_version_is_refused_in_words(make_app: Callable[..., Flask]) -> None:
    with make_app().app_context():
        migrating.upgrade()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(BadSetting, match="another version"):
            migrating.upgrade()


def test_customers_of_an_older_version_are_found_by_their_names_and_sources(app: Flask) -> None:
    with app.app_context():
        migrating.downgrade("0003")
        names = [("Smith", "Anna"), (None, "Bob"), ("Smith", None), (None, None)]
        db.session.execute(
            insert(Customer),
            [
                {"id": number, "last_name": last, "first_name": first, "created_at": now(), "source_touchpoint_id": 4}
                for number, (last, first) in enumerate(names, 1)
            ],
        )
        rows = [(1, "created", 1), (2, "rejected", None), (3, "created", 2)]
        db.session.execute(
            insert(TaskRow),
            [
                {"task_id": 7, "record": record, "line": record + 1, "outcome": outcome, "customer_id": customer}
                for record, outcome, customer in rows
            ],
        )
        db.session.commit()
        migrating.upgrade()
        assert unposted(db.session) == set()
        assert {(one.value, one.numbers) for one in db.session.scalars(select(Posting))} == {
            ("Smith", "1,3"), ("Anna", "1"), ("Bob", "2"), ("4", "1,2,3,4"), ("7 created", "1,3")
        }  # fmt: skip
        db.session.commit()
        migrating.downgrade("0003")
        migrating.upgrade()
        assert unposted(db.session) == set()


def test_identifiers_of_an_older_version_have_their_owners(app: Flask) -> None:
    with app.app_context():
        migrating.downgrade("0006")
        people = [(1, "b@x.org", 493012345678), (2, "a@x.org", None), (3, None, 12025550143), (4, None, None)]
        db.session.execute(
            insert(Customer),
            [{"id": number, "email": email, "phone": phone, "created_at": now()} for number, email, phone in people],
        )
        ids = [(1, 2, "b"), (1, 4, "a"), (2, 4, "a")]
        db.session.execute(
            insert(ExternalId), [{"system_id": system, "customer_id": one, "value": text} for system, one, text in ids]
        )
        db.session.commit()
        for _ in range(2):
            migrating.upgrade()
            assert_in_step(db.session.connection())
            stored = select(ExternalId.system_id, ExternalId.customer_id, ExternalId.value)
            assert sorted(map(tuple, db.session.execute(stored))) == ids
            db.session.commit()
            migrating.downgrade("0006")
        db.session.add(Customer(id=5, email="a@x.org", created_at=now()))
        with pytest.raises(IntegrityError):
            db.session.flush()


@pytest.mark.parametrize(("older", "are_entered"), [("0007", True), ("0008", False)])
def test_the_triggers_of_an_older_version_become_those_of_this_one(
    make_app: Callable[..., Flask], older: str, are_entered: bool
) -> None:
    with make_app().app_context():
        migrating.upgrade()
        declared = triggers(db.engine)
        migrating.downgrade(older)
        db.session.add(Customer(id=1, email="a@x.org", phone=493012345678, created_task_id=7, created_at=now()))
        assert db.session.scalar(select(func.count()).select_from(FRESH)) == (2 if are_entered else 0)
        db.session.rollback()
        migrating.upgrade()
        assert triggers(db.engine) == declared


def test_sqlite_gets_the_triggers_that_the_models_declare(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    declared = create_engine(f"sqlite:///{tmp_path}/declared.db")
    Base.metadata.create_all(declared)
    with make_app().app_context():
        migrating.upgrade()
        assert triggers(db.engine) == triggers(declared)
        assert len(triggers(declared)) > len(TRIGGERS)


def triggers(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        listed = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        return [(name, sql) for name, sql in listed]
