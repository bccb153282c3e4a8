"""What the tests stand on: a real broker, a fresh database each, a client, workers."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy.orm import Session

from cdpweb import broker, queueing
from cdpweb.app import create_app
from cdpweb.domain.roles import Role
from cdpweb.extensions import db
from tests import compiled
from tests.signing_in import session_of

compiled.share()
pytest_plugins = ["tests.live", "tests.postgres", "tests.databases"]

BROKER_START_SECONDS = 10
CHEAP_HASHES = {"argon2__rounds": 1, "argon2__memory_cost": 1024, "argon2__parallelism": 1}
"""Real ones take a third of a second each; sign-ins at a whole cdpweb have them."""


@pytest.hookimpl(tryfirst=True)  # before xdist, which looks at the groups at the same occasion
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that wait longest, beside which other processes get through many.

    Those of a module who share a house or a server go to one process, so that it starts once (`--dist loadgroup`).
    """
    items.sort(key=lambda item: item.get_closest_marker("kill") is None)
    for item in items:
        if isinstance(item, pytest.Function) and {"house", "shared_server"} & {*item.fixturenames}:
            kind = item.callspec.params.get("house", "") if hasattr(item, "callspec") else ""
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{kind}"))


class PageClient(FlaskClient):
    """A client whose requests see what the test has done, and the test what they have done.

    Each request has an application context, and so a database session, of its own; what the test's own session holds
    is committed before. Somebody of the given role has signed in; with `role=None` nobody has.
    """

    def __init__(self, *args: Any, role: Role | None = Role.OWNER, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role = role

    def sign_in(self) -> None:
        """Begin the session, at the first request."""
        role, self.role = self.role, None
        if role is not None:
            begun = session_of(self.application, role)
            with self.session_transaction() as cookie:
                cookie.update(begun)

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Make a request."""
        if has_app_context():
            db.session.commit()
        self.sign_in()
        kwargs.setdefault("buffered", True)
        with self.application.app_context():
            return super().open(*args, **kwargs)


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real broker, one for each test process."""
    folder = tmp_path_factory.mktemp("broker")
    socket = folder / "broker.sock"
    server = subprocess.Popen(broker.server_command(folder, socket), stdout=subprocess.DEVNULL)
    url = f"unix://{socket}"
    wait_for(lambda: broker.answers(url), BROKER_START_SECONDS)
    yield url
    server.terminate()
    server.wait()


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compiled once for all applications of a test process."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def make_app(
    broker_url: str, tmp_path: Path, compiled_templates: FileSystemBytecodeCache
) -> Iterator[Callable[..., Flask]]:
    """Makes applications on an empty broker, with settings of the test: `make_app(MAX_UPLOAD_BYTES=1000)`."""
    with Redis.from_url(broker_url) as connection:
        connection.flushall()
    made: list[Flask] = []

    def make(**overrides: Any) -> Flask:
        settings = {"INSTANCE": tmp_path / "instance", "DATABASE_URL": "", "REDIS_URL": broker_url}
        settings |= {"SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": CHEAP_HASHES}
        app = create_app(**(settings | {"TESTING": True, "WTF_CSRF_ENABLED": False} | overrides))
        app.test_client_class = PageClient
        app.jinja_env.bytecode_cache = compiled_templates
        with app.app_context():
            db.engine.update_execution_options(compiled_cache=compiled.STATEMENTS)
        made.append(app)
        return app

    yield make
    for app in made:
        close(app)


@pytest.fixture
def app(make_app: Callable[..., Flask], database: str) -> Flask:
    """The application on a fresh database and an empty broker; each test runs on SQLite and on PostgreSQL."""
    return make_app(DATABASE_URL=database)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript, in which the owner has signed in."""
    return app.test_client()


@pytest.fixture
def marketer(app: Flask) -> FlaskClient:
    """A browser in which a marketer has signed in."""
    return app.test_client(role=Role.MARKETER)


@pytest.fixture
def analyst(app: Flask) -> FlaskClient:
    """A browser in which an analyst has signed in."""
    return app.test_client(role=Role.ANALYST)


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A browser in which nobody has signed in."""
    return app.test_client(role=None)


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """The database session of the test's own application context.

    SQLite shows a transaction the database as it was at its first statement: commit to see what others have done since
    (`client` and `drain` do so). On PostgreSQL a transaction that is left open can keep others waiting for ever.
    """
    with app.app_context():
        yield db.session


@pytest.fixture
def drain(app: Flask) -> Callable[..., None]:
    """Does the work that waits in a queue, here and now: `drain()`."""

    def run(queue: str = queueing.QueueName.IMPORTS) -> None:
        if has_app_context():
            db.session.commit()
        with app.app_context():
            line = queueing.line_of(queue)
            worker = SimpleWorker([line], connection=broker.connection(), serializer=JSONSerializer)
            worker.work(burst=True, logging_level="WARNING")
            failed = line.failed_job_registry.get_job_ids()
        assert not failed, f"jobs failed, see the log: {failed}"

    return run


def wait_for(condition: Callable[[], Any], seconds: float) -> None:
    """Return as soon as `condition` holds; fail the test where it does not within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"still waiting after {seconds} seconds"
        time.sleep(0.05)


def close(app: Flask) -> None:
    """Close the connections of an application."""
    with app.app_context():
        db.engine.dispose()
    for name in ("broker", "limits"):
        connection = app.extensions.pop(name, None)
        if connection is not None:
            connection.close()
