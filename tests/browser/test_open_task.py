"""A task that nobody works on, and a server that is gone, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Request, expect

from tests.browser.pages.test_import_page import choose
from tests.browser.pages.test_task_page import launch
from tests.conftest import wait_for
from tests.live import START_SECONDS, LiveServer

pytestmark = pytest.mark.browser


def test_an_open_task_without_a_worker_is_followed_without_disturbing_anybody(
    browsing: BrowserContext, tmp_path: Path, live_server: LiveServer
) -> None:
    """Asked for once a second; what is focused and open stays so."""
    _stop(live_server, "worker")
    page = browsing.new_page()
    path = tmp_path / "people.csv"
    path.write_text("Email\nanna@example.com\n")
    launch(page, path)
    expect(page.locator("#task [role=status]")).to_have_text("No worker is running.")
    page.locator("#task-settings > summary").click()
    page.get_by_role("button", name="Pause").focus()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.wait_for_timeout(3200)
    assert 2 <= len(asked) <= 4
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    expect(page.locator("#task-settings")).to_have_attribute("open", "")
    page.keyboard.press("Enter")
    expect(page.locator("#task")).to_have_attribute("data-status", "paused")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A file of one row."""
    path = tmp_path / "people.csv"
    path.write_text("Email\nanna@example.com\n")
    return path


def test_a_page_says_that_it_is_not_live_any_more_and_goes_on_when_the_server_is_back(
    browsing: BrowserContext, people: Path, live_server: LiveServer
) -> None:
    """Nothing moves meanwhile: the sentence stands in the line that says what is happening."""
    _stop(live_server, "worker")
    page = browsing.new_page()
    launch(page, people)
    line, below = page.locator("#task [role=status]"), page.locator("#task-address")
    expect(line).to_have_text("No worker is running.")
    place = below.bounding_box()
    _stop(live_server, "web")
    expect(line).to_have_text(re.compile(r"^Not live any more, last seen at \d\d:\d\d:\d\d\. Trying again\.$"))
    assert below.bounding_box() == place
    live_server.processes.start("web")
    wait_for(live_server.answers_at_all, START_SECONDS)
    expect(line).to_have_text("No worker is running.")
    expect(line).not_to_have_attribute("data-is-lost", "")


def test_a_form_says_that_it_was_not_checked_and_is_checked_when_the_server_is_back(
    browsing: BrowserContext, people: Path, live_server: LiveServer
) -> None:
    page = browsing.new_page()
    page.goto("/imports/new")
    choose(page, people)
    line = page.locator("#import-form .form-acts [role=status]")
    expect(line).to_have_text("Nothing stands in the way.")
    _stop(live_server, "web")
    page.get_by_label("Task").select_option("edit")
    expect(line).to_have_text("The server does not answer, so this is not checked. Change something to try again.")
    live_server.processes.start("web")
    wait_for(live_server.answers_at_all, START_SECONDS)
    page.get_by_label("Task").select_option("add")
    expect(line).to_have_text("Nothing stands in the way.")


def _stop(server: LiveServer, part: str) -> None:
    [process] = [one for one in server.processes.running if part in one.args and one.poll() is None]  # type: ignore[operator]
    process.terminate()
    process.wait()
