"""One running server for all tests of a module: starting one costs seconds, and they do not disturb each other."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from redis import Redis

from cdpweb import migrating
from cdpweb.app import create_app
from cdpweb.extensions import db
from tests.conftest import wait_for
from tests.live import REPORT_VIOLATIONS, START_SECONDS, LiveServer, Processes, free_port, watch


@pytest.fixture(scope="module")
def shared_server(broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A running web server with a worker, on a database of its own."""
    folder = tmp_path_factory.mktemp("shared")
    with Redis.from_url(broker_url) as connection:
        connection.flushall()
    app = create_app(INSTANCE=folder / "instance", REDIS_URL=broker_url)
    with app.app_context():
        migrating.upgrade()
        db.session.remove()
        db.engine.dispose()
    port = free_port()
    environment = {"CDPWEB_INSTANCE": str(folder / "instance"), "REDIS_URL": broker_url, "PORT": str(port)}
    processes = Processes(os.environ | environment | {"CDPWEB_WEB_PROCESSES": "1"}, folder / "processes.log")
    processes.start("web")
    processes.start("worker", "imports")
    server = LiveServer(f"http://127.0.0.1:{port}", processes, app)
    try:
        wait_for(server.answers, START_SECONDS)
        yield server
    finally:
        processes.stop()


@pytest.fixture
def window(chromium: Browser, shared_server: LiveServer) -> Iterator[BrowserContext]:
    """A browser window on the shared server, in which the owner has signed in."""
    context = chromium.new_context(
        base_url=shared_server.url, viewport={"width": 1440, "height": 900}, storage_state=shared_server.signed_in()
    )
    context.add_init_script(REPORT_VIOLATIONS)
    yield context
    context.close()


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """A page on the shared server; what its console calls an error, or a violation of the policy, fails the test."""
    page = window.new_page()
    troubles = watch(page)
    yield page
    assert not troubles
