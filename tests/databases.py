"""Fresh databases of both kinds, as a new installation has them: migrated once, then copied for each test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from cdpweb import migrating
from cdpweb.app import create_app
from cdpweb.extensions import db
from tests.postgres import Cluster

SQLITE = "cdpweb.db"

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
"""The databases that cdpweb knows, as parameters of a fixture."""

on_sqlite = pytest.mark.parametrize("database", BOTH[:1], indirect=True)
on_postgres = pytest.mark.parametrize("database", BOTH[1:], indirect=True)
"""For single tests whose subject is one of them."""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a new database."""
    folder = tmp_path_factory.mktemp("template")
    migrate(folder, "")
    return folder / SQLITE


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a new database, to which nobody is connected."""
    name = postgres_cluster.create()
    migrate(tmp_path_factory.mktemp("template"), postgres_cluster.url(name))
    return name


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> str:
    """The DATABASE_URL of a fresh SQLite database: none, for it stands in the instance folder, here `instance`."""
    (tmp_path / "instance").mkdir()
    shutil.copy(sqlite_template, tmp_path / "instance" / SQLITE)
    return ""


@pytest.fixture(scope="session")
def postgres_pool(postgres_cluster: Cluster, postgres_template: str) -> Iterator["Pool"]:
    """New databases for one test after the other."""
    pool = Pool(postgres_cluster, postgres_template)
    yield pool
    pool.close()


@pytest.fixture
def postgres_database(postgres_pool: "Pool") -> Iterator[str]:
    """The DATABASE_URL of a PostgreSQL database like a fresh one."""
    with postgres_pool.database() as url:
        yield url


class Pool:
    """One database, put back after each test into the state of a new one: made anew, it would take ten times as long.

    It is made anew where a test has made or dropped tables, functions, triggers or sequences.
    """

    def __init__(self, cluster: Cluster, template: str) -> None:
        self._cluster, self._template = cluster, template
        self._new()

    @contextmanager
    def database(self) -> Iterator[str]:
        """The DATABASE_URL, for one test at a time."""
        yield self._cluster.url(self._name)
        self._cluster.disconnect(self._name)
        with psycopg.connect(self._cluster.url(self._name)) as connection:
            is_as_made = self._objects(connection) == self._made
            if is_as_made:
                self._put_back(connection)
        if not is_as_made:
            self.close()
            self._new()

    def close(self) -> None:
        """Delete the database."""
        self._cluster.drop(self._name)

    def _new(self) -> None:
        self._name = self._cluster.create(self._template)
        with psycopg.connect(self._cluster.url(self._name)) as connection:
            tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            self._tables = [name for (name,) in connection.execute(tables)]
            sequences = connection.execute("SELECT sequencename, last_value FROM pg_sequences").fetchall()
            self._sequences = [(name, value or 1, value is not None) for name, value in sequences]
            connection.execute("CREATE SCHEMA new")
            for name in self._tables:
                connection.execute(f"CREATE TABLE new.{name} AS TABLE public.{name}")  # type: ignore[call-overload]
            self._made = self._objects(connection)

    def _objects(self, connection: psycopg.Connection) -> object:
        """All that stands in the database besides rows."""
        kinds = ("pg_class", "pg_proc", "pg_trigger", "pg_constraint")
        counted = " UNION ALL ".join(f"SELECT oid FROM {kind} WHERE oid >= 16384" for kind in kinds)
        return connection.execute(f"SELECT count(*), sum(oid::bigint) FROM ({counted}) AS made").fetchone()

    def _put_back(self, connection: psycopg.Connection) -> None:
        connection.execute("SET session_replication_role = replica")  # no rule of the tables' own fires
        rows = (f"DELETE FROM {name}; INSERT INTO {name} SELECT * FROM new.{name}" for name in self._tables)
        connection.execute(";".join(rows))  # type: ignore[call-overload]
        for sequence in self._sequences:
            connection.execute("SELECT setval(%s, %s, %s)", sequence)


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> str:
    """The DATABASE_URL of a fresh database with the tables and the shipped rows: each test runs on both kinds.

    Tests whose subject is one of them, or none, say so by a fixture of this name of their own.
    """
    url: str = request.getfixturevalue(f"{request.param}_database")
    return url


@pytest.fixture(params=BOTH)
def empty_database(request: pytest.FixtureRequest) -> str:
    """The DATABASE_URL of a database of either kind without tables."""
    url: str = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    return url


def migrate(folder: Path, url: str) -> None:
    """Make the tables and the shipped rows, as `db upgrade` does."""
    with create_app(INSTANCE=folder, DATABASE_URL=url, REDIS_URL="").app_context():
        migrating.upgrade()
        db.session.remove()
        db.engine.dispose()
