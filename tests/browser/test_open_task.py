"""A task that nobody works on, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Request, expect

from tests.browser.pages.test_task_page import launch
from tests.live import LiveServer

pytestmark = pytest.mark.browser


def test_an_open_task_without_a_worker_is_followed_without_disturbing_anybody(
    browsing: BrowserContext, tmp_path: Path, live_server: LiveServer
) -> None:
    """Asked for once a second; what is focused and open stays so."""
    _, worker = live_server.processes.running
    worker.terminate()
    worker.wait()
    page = browsing.new_page()
    path = tmp_path / "people.csv"
    path.write_text("Email\nanna@example.com\n")
    launch(page, path)
    expect(page.locator("#task [role=status]")).to_have_text("No worker is running.", timeout=10_000)
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
