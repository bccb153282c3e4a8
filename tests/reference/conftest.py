"""The fixtures that say every rule three times: to the reference, and to the engine on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from cdpweb.config import read_config
from cdpweb.models import Base, connections
from tests.databases import BOTH
from tests.postgres import Cluster

from .engine import ByEngine, OnServer, in_file
from .importers import Importer, by_reference


@pytest.fixture(scope="session")
def server_engine(postgres_cluster: Cluster) -> Iterator[Engine]:
    """Connections to a PostgreSQL database with empty tables."""
    with postgres_cluster.database() as url:
        engine = create_engine(read_config({"DATABASE_URL": url}).database_uri)
        connections.prepare(engine)
        Base.metadata.create_all(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def sqlite_importer(tmp_path: Path) -> ByEngine:
    """The engine on SQLite."""
    return ByEngine(tmp_path, in_file)


@pytest.fixture
def postgres_importer(tmp_path: Path, server_engine: Engine) -> ByEngine:
    """The engine on PostgreSQL."""
    return ByEngine(tmp_path, OnServer(server_engine))


@pytest.fixture(params=BOTH)
def by_engine(request: pytest.FixtureRequest) -> ByEngine:
    """The engine on either database."""
    importer: ByEngine = request.getfixturevalue(f"{request.param}_importer")
    return importer


@pytest.fixture(params=["reference", *BOTH])
def importer(request: pytest.FixtureRequest) -> Importer:
    """Imports files into a base."""
    if request.param == "reference":
        return by_reference
    importer: Importer = request.getfixturevalue(f"{request.param}_importer")
    return importer
