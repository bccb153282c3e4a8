"""The import page in a real browser: uploading, checking, choosing, launching."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.live import LiveServer

pytestmark = pytest.mark.browser

SPRING = "Email,Surname,Sales rep,ApiEndpoint\nanna@example.com,Smith,Joe,cdpweb\nben@example.com,Jones,Jim,cdpweb\n"


@pytest.fixture
def spring(tmp_path: Path) -> Path:
    """A file with a synonym, an unknown column and a settings column."""
    path = tmp_path / "spring.csv"
    path.write_text(SPRING)
    return path


def choose(page: Page, path: Path) -> None:
    """Choose a file and wait until it has been looked at."""
    page.locator("#file").set_input_files(path)
    expect(page.get_by_role("heading", name="First rows")).to_be_visible()


def test_a_chosen_file_is_checked_without_leaving_the_page(page: Page, spring: Path) -> None:
    page.goto("/imports/new")
    page.get_by_label("Description").fill("Spring survey")
    choose(page, spring)
    expect(page.locator(".upload-name").first).to_have_text("spring.csv")
    expect(page.locator(".columns-summary p")).to_contain_text("2 irrelevant: “Surname”, “Sales rep”")
    expect(page.get_by_label("Description")).to_have_value("Spring survey")
    assert page.url.endswith("/imports/new")


def test_proposals_and_skips_are_one_click_and_the_launch_leads_to_the_task(page: Page, spring: Path) -> None:
    page.goto("/imports/new")
    choose(page, spring)
    page.get_by_role("button", name="It is LastName").click()
    expect(page.locator("#column-1")).to_have_value("LastName")
    page.get_by_role("button", name="Skip Sales rep").click()
    expect(page.get_by_text("Nothing stands in the way.")).to_be_visible()
    page.locator(".page-header").get_by_role("button", name="Launch import").click()
    page.wait_for_url("**/tasks/*")
    expect(page.locator("#task")).to_have_attribute("data-status", "finished")
    expect(page.locator("[data-outcome=created] dd")).to_have_text("2")


def test_choosing_a_task_swaps_settings_and_hints_and_keeps_what_is_open(page: Page) -> None:
    page.goto("/imports/new")
    page.locator("#import-settings > summary").click()
    page.get_by_label("Task").focus()
    page.get_by_label("Task").select_option("add")
    expect(page.get_by_label("Action for existing customers", exact=True)).to_have_count(0)
    expect(page.get_by_label("Source action", exact=True)).to_be_visible()
    expect(page.locator("#hints-1")).not_to_contain_text("CustomerId")
    expect(page.get_by_label("Task")).to_be_focused()


def test_a_settings_column_turns_its_switch_on_visibly_and_it_may_be_turned_off(page: Page, spring: Path) -> None:
    """rules 3"""
    page.goto("/imports/new")
    choose(page, spring)
    expect(page.locator("#import-settings > summary")).to_contain_text("endpoint from the file")
    page.locator("#import-settings > summary").click()
    switch = page.get_by_label("use the value from the file for the API endpoint")
    expect(switch).to_be_checked()
    switch.uncheck()
    expect(page.get_by_text("“use the value from the file” is off for it")).to_be_visible()
    expect(switch).not_to_be_checked()


def test_fields_for_something_new_show_when_new_is_chosen(page: Page) -> None:
    page.goto("/imports/new")
    page.locator("#import-settings > summary").click()
    expect(page.get_by_label("Name of the new segment")).to_be_hidden()
    page.get_by_label("Segment", exact=True).select_option("new")
    page.get_by_label("Name of the new group").fill("Survey")
    page.get_by_label("Name of the new segment").fill("Spring")
    page.get_by_label("Task").select_option("edit")
    expect(page.locator("#import-settings > summary")).to_contain_text("segment new: Spring")
    expect(page.get_by_label("Source action", exact=True)).to_have_count(0)
    expect(page.get_by_label("Name of the new segment")).to_have_value("Spring")


def test_a_file_too_large_is_refused_before_it_is_sent(page: Page, spring: Path) -> None:
    page.goto("/imports/new")
    page.locator("#upload-box").evaluate("box => { box.dataset.maxBytes = '10' }")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.locator("#file").set_input_files(spring)
    expect(page.locator("#file-error")).to_contain_text("larger than 2 GB")
    assert not [url for url in sent if "upload" in url]


def test_a_file_on_its_way_is_shown_may_be_stopped_and_is_not_launched_without(page: Page, spring: Path) -> None:
    held: list[Route] = []
    page.route("**/imports/upload", lambda route: held.append(route))
    page.goto("/imports/new")
    page.locator("#file").set_input_files(spring)
    expect(page.locator("[data-upload-name]")).to_have_text("spring.csv")
    expect(page.locator("[data-upload-line]")).to_contain_text("MB")
    page.locator(".form-acts").get_by_role("button", name="Launch import").click()
    expect(page.locator("#file-error")).to_contain_text("still on its way")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#upload-box")).to_have_attribute("data-state", "empty")
    expect(page.locator("#file-error")).to_be_empty()
    assert held


def test_a_refusal_by_the_server_stands_at_the_file(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    page.goto("/imports/new")
    page.locator("#file").set_input_files(path)
    expect(page.locator("#file-error")).to_contain_text("spreadsheet")


def test_errors_are_collected_in_a_summary_that_has_the_focus(page: Page, spring: Path) -> None:
    page.goto("/imports/new")
    choose(page, spring)
    page.locator(".form-acts").get_by_role("button", name="Launch import").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.locator("#error-summary").get_by_role("link").first.click()
    expect(page.locator("#column-1")).to_be_in_viewport()


def test_the_launch_is_always_in_reach(page: Page, spring: Path) -> None:
    page.goto("/imports/new")
    choose(page, spring)
    page.mouse.wheel(0, 5000)
    expect(page.locator(".page-header").get_by_role("button", name="Launch import")).to_be_in_viewport()


def test_everything_works_without_javascript(chromium: Browser, shared_server: LiveServer, spring: Path) -> None:
    context = chromium.new_context(
        base_url=shared_server.url, java_script_enabled=False, storage_state=shared_server.signed_in()
    )
    page = context.new_page()
    page.goto("/imports/new")
    page.locator("#file").set_input_files(spring)
    page.locator(".form-acts").get_by_role("button", name="Launch import").click()
    page.get_by_role("button", name="Skip all 2").click()
    expect(page.get_by_text("Nothing stands in the way.")).to_be_visible()
    page.locator(".form-acts").get_by_role("button", name="Launch import").click()
    expect(page.get_by_role("heading", name="Task", exact=False, level=1)).to_be_visible()
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_nothing_stands_in_anybody_s_way(page: Page, spring: Path, width: int, scheme: str) -> None:
    """axe: contrast, names, roles, order; and no page scrolls sideways."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto("/imports/new")
    choose(page, spring)
    for section in ("#import-settings", "#file-settings", "#known-columns"):
        page.locator(f"{section} > summary").click()
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
