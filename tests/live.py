"""The real thing for browser tests: web server and worker as processes of their own, and a page in chromium."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from cdpweb.domain.roles import Role
from tests import programs
from tests.conftest import wait_for
from tests.signing_in import browser_state

START_SECONDS = 60
PATIENCE_MILLISECONDS = 20_000
"""How long a page is waited for: what it shows may be the work of a process that starts at the same time as others."""

FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu", "--disable-dev-shm-usage"]
EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d|503|507)")
"""Chromium reports every refused page as an error; the tests look at these pages themselves."""

BUGS = "request_failed|error_page_failed|task_failed|Traceback"

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI} in ${event.sourceFile}`);
});
"""


@dataclass
class Processes:
    """Processes of cdpweb with `environment`; what they print goes to `log`."""

    environment: dict[str, str]
    log: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start `python -m cdpweb …`."""
        command = [sys.executable, "-m", "cdpweb", *words]
        with self.log.open("ab") as log:
            self.running.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))
        return self.running[-1]

    def stop(self) -> None:
        """Stop all of them; fails where one of them logged a bug."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait()
        log = self.log.read_text() if self.log.exists() else ""
        assert not re.search(BUGS, log), f"a bug was logged:\n{log}"


@dataclass(frozen=True)
class LiveServer:
    """Web server and worker on the test's database and broker."""

    url: str
    processes: Processes
    app: Flask

    def signed_in(self, role: Role = Role.OWNER) -> Any:
        """The state of a browser in which somebody has signed in."""
        return browser_state(self.app, role, self.url)

    @property
    def log(self) -> str:
        """What they have printed."""
        return self.processes.log.read_text()

    def answers(self) -> bool:
        """Whether the web server answers and a worker listens."""
        return bool(self._workers())

    def answers_at_all(self) -> bool:
        """Whether the web server answers."""
        return self._workers() is not None

    def _workers(self) -> int | None:
        """How many workers for imports listen; None where the web server does not answer."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return int(json.load(answer)["workers"]["imports"])
        except URLError:
            return None


@pytest.fixture
def processes(app: Flask, tmp_path: Path) -> Iterator[Processes]:
    """Starts processes of cdpweb on the database and broker of `app`, and stops them after the test."""
    settings = {
        "CDPWEB_INSTANCE": str(app.config["INSTANCE"]),
        "REDIS_URL": app.config["REDIS_URL"],
        "DATABASE_URL": app.config["DATABASE_URL"],
        "CDPWEB_WEB_PROCESSES": "1",
    }
    started = Processes(os.environ | settings, tmp_path / "processes.log")
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture
def live_server(processes: Processes, app: Flask) -> LiveServer:
    """A running web server with a worker for imports, on the database of `app`."""
    port = free_port()
    processes.environment["PORT"] = str(port)
    processes.start("web")
    processes.start("worker", "imports")
    server = LiveServer(f"http://127.0.0.1:{port}", processes, app)
    wait_for(server.answers, START_SECONDS)
    return server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a process."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    path = programs.chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browsing(chromium: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """A browser window of its own for the test, in which the owner has signed in."""
    context = chromium.new_context(
        base_url=live_server.url, viewport={"width": 1440, "height": 900}, storage_state=live_server.signed_in()
    )
    context.add_init_script(REPORT_VIOLATIONS)
    yield context
    context.close()


@pytest.fixture
def page(browsing: BrowserContext) -> Iterator[Page]:
    """A page; whatever its console calls an error fails the test, and so does every violation of the policy."""
    page = browsing.new_page()
    troubles = watch(page)
    yield page
    assert not troubles


def watch(page: Page) -> list[str]:
    """The troubles that the page will have had: errors on its console, exceptions, violations of the policy."""
    troubles: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED.match(message.text):
            troubles.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    return troubles


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
