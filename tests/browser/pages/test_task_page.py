"""The page of a task in a real browser: live, then still."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, expect

from tests.browser.pages.test_import_page import choose

pytestmark = pytest.mark.browser

BAD = "Email,FirstName\nanna@example.com,Anna\nnonsense,Ben\n"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A file with one good row and one that is rejected."""
    path = tmp_path / "people.csv"
    path.write_text(BAD)
    return path


def launch(page: Page, path: Path) -> None:
    """Launch a file and come to its task."""
    page.goto("/imports/new")
    choose(page, path)
    page.locator(".form-acts").get_by_role("button", name="Launch import").click()
    page.wait_for_url("**/tasks/*")


def test_the_page_follows_the_task_and_then_asks_no_more(page: Page, people: Path) -> None:
    launch(page, people)
    expect(page.locator("#task")).to_have_attribute("data-status", "finished")
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.wait_for_timeout(1500)
    assert not asked
    page.reload()
    expect(page.locator("[data-outcome=created] dd")).to_have_text("1")


def test_the_address_is_copied(page: Page, people: Path) -> None:
    launch(page, people)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_keys_lead_to_search_and_new_import_and_close_details(page: Page, people: Path) -> None:
    launch(page, people)
    expect(page.locator("#task")).to_have_attribute("data-status", "finished")
    page.locator("#task-file > summary").click()
    page.keyboard.press("Escape")
    expect(page.locator("#task-file")).not_to_have_attribute("open", "")
    page.goto("/tasks")
    page.keyboard.press("/")
    expect(page.get_by_label("Description, file or number")).to_be_focused()
    page.keyboard.type("n/")
    expect(page.get_by_label("Description, file or number")).to_have_value("n/")
    page.locator("h1").click()
    page.keyboard.press("n")
    page.wait_for_url("**/imports/new")


def test_light_and_dark_are_switched_without_losing_the_form(page: Page) -> None:
    page.goto("/imports/new")
    page.get_by_label("Description").fill("Spring survey")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-appearance", "dark")
    expect(page.get_by_label("Description")).to_have_value("Spring survey")
    page.wait_for_load_state("networkidle")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-appearance", "dark")


def test_the_skip_link_is_the_first_stop(page: Page) -> None:
    page.goto("/tasks")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_nothing_stands_in_anybody_s_way(page: Page, people: Path, width: int, scheme: str) -> None:
    """axe on the task and the list; and no page scrolls sideways."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    launch(page, people)
    expect(page.locator("#task")).to_have_attribute("data-status", "finished")
    for section in page.locator("#task summary").all():
        section.click()
    _check(page)
    page.goto("/tasks")
    _check(page)


def _check(page: Page) -> None:
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
