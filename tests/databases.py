"""Fresh databases of both kinds, as a new installation has them: migrated once, then copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture
def postgres_database(postgres_cluster: Cluster, postgres_template: str) -> Iterator[str]:
    """The DATABASE_URL of a fresh PostgreSQL database."""
    with postgres_cluster.database(postgres_template) as url:
        yield url


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
