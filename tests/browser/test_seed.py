"""The whole of the owner's text in a real browser: from the file template to the customer, with and without scripts."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.live import REPORT_VIOLATIONS, LiveServer

pytestmark = pytest.mark.browser

HEADER = "Email,FirstName,LastName,IsSubscribed,CustomFieldSummerSports"
ROW = "steven.wilson000@yahoo.com,Steven,Wilson,true,Running"
LIVE_MILLISECONDS = 20_000


class Marketer:
    """Somebody who follows the owner's text step by step."""

    def __init__(self, page: Page, *, has_scripts: bool) -> None:
        self.page, self.has_scripts = page, has_scripts

    def create_custom_field(self) -> None:
        """A text field called SummerSports, in the settings."""
        page = self.page
        page.goto("/")
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Settings").click()
        page.get_by_role("link", name="Custom fields").click()
        page.locator(".page-header").get_by_role("link", name="New custom field").click()
        page.get_by_label("System name").fill("SummerSports")
        page.get_by_label("Name", exact=True).fill("Summer sports")
        page.get_by_label("Type").select_option("text")
        page.locator(".page-header").get_by_role("button", name="Create").click()
        expect(page.get_by_role("link", name="Summer sports")).to_be_visible()

    def come_to_the_import(self) -> None:
        """Customers › Import .csv › Customer data."""
        page = self.page
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Customers").click()
        page.get_by_role("link", name="Import .csv").click()
        expect(page.get_by_role("heading", name="Customer data", level=1)).to_be_visible()
        page.get_by_label("Task", exact=True).select_option(label="Customer import")

    def download_template(self, folder: Path) -> Path:
        """The file template, which knows the new field."""
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name="Download the file template").click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        header = path.read_text("utf-8-sig").splitlines()[0].split(",")
        assert set(HEADER.split(",")) <= set(header)
        return path

    def choose(self, path: Path) -> None:
        """Choose the file; without scripts the first press of Launch import takes it in and shows it checked."""
        self.page.locator("#file").set_input_files(path)
        if not self.has_scripts:
            self.page.locator(".form-acts").get_by_role("button", name="Launch import").click()
        expect(self.page.get_by_text("Nothing stands in the way.")).to_be_visible()
        expect(self.page.locator(".upload-name").first).to_have_text(path.name)

    def fill_in_settings(self) -> None:
        """All the settings that the text names; a segment group and a segment are made on the spot."""
        page = self.page
        page.get_by_label("Description", exact=True).fill("Seed, summer sports")
        page.get_by_label("Encoding", exact=True).select_option(label="UTF-8")
        page.locator("#import-settings > summary").click()
        page.get_by_label("API endpoint", exact=True).select_option(label="cdpweb")
        page.get_by_label("Touchpoint", exact=True).select_option(label="set automatically from the API endpoint")
        page.get_by_label("Segment", exact=True).select_option(label="create a new segment …")
        page.get_by_label("Its segment group").select_option(label="a new group")
        page.get_by_label("Name of the new group").fill("Sports")
        page.get_by_label("Name of the new segment").fill("Summer 2026")
        page.get_by_label("Source action", exact=True).select_option(label="Customer creation")

    def launch(self) -> None:
        """Launch import: the task's page."""
        self.page.locator(".page-header").get_by_role("button", name="Launch import").click()
        expect(self.page.get_by_role("heading", name=re.compile("^Task "))).to_be_visible()

    def sees_the_end(self) -> None:
        """The page follows the task by itself; without scripts it is asked again."""
        task = self.page.locator("#task")
        if self.has_scripts:
            expect(task).to_have_attribute("data-status", "finished", timeout=LIVE_MILLISECONDS)
            return
        for _ in range(LIVE_MILLISECONDS // 250):
            self.page.reload()
            if task.get_attribute("data-status") == "finished":
                return
            self.page.wait_for_timeout(250)
        pytest.fail("the task does not end")

    def counts(self) -> dict[str, str]:
        """The figures on the task's page."""
        cells = {name: self.page.locator(f"[data-outcome={name}] dd") for name in ("created", "updated", "rejected")}
        return {name: cell.inner_text() for name, cell in cells.items()}

    def find_customer(self) -> None:
        """The customer emerges in the database: found by his email, opened."""
        page = self.page
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Customers").click()
        page.get_by_label("Email, phone, ID or beginning of a name").fill("steven.wilson000@yahoo.com")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Steven Wilson").click()
        expect(page.get_by_role("heading", name="Steven Wilson", level=1)).to_be_visible()

    def reads_the_profile(self) -> None:
        """Name, field, subscription, segment, and the feed with its touchpoint and the way back to the task."""
        page = self.page
        fields = page.get_by_role("region", name="Fields")
        for label, value in (("First name", "Steven"), ("Last name", "Wilson"), ("Summer sports", "Running")):
            expect(fields.locator("dt", has_text=label).locator("xpath=following-sibling::dd[1]")).to_have_text(value)
        expect(page.get_by_role("region", name="Identifiers")).to_contain_text("steven.wilson000@yahoo.com")
        expect(page.get_by_role("region", name="Segments")).to_contain_text("Summer 2026")
        subscriptions = page.get_by_role("region", name="Subscriptions")
        expect(subscriptions.locator("tbody tr").first).to_contain_text("opted in")
        feed = page.get_by_role("region", name="Activity")
        expect(feed.locator("li")).to_have_count(1)
        for words in ("Customer creation", "cdpweb touchpoint", "through cdpweb"):
            expect(feed.locator("li")).to_contain_text(words)
        feed.get_by_role("link", name="task 2").click()
        expect(page.get_by_text("Seed, summer sports").first).to_be_visible()


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    """The file of the owner's text."""
    path = tmp_path / "seed.csv"
    path.write_text(f"{HEADER}\n{ROW}\n")
    return path


@pytest.fixture(params=[True, False], ids=["with_scripts", "without_scripts"])
def marketer(request: pytest.FixtureRequest, chromium: Browser, live_server: LiveServer) -> Iterator[Marketer]:
    """A marketer in a window of his own; an error on its console or a violation of the policy fails the test."""
    context = chromium.new_context(
        base_url=live_server.url,
        java_script_enabled=request.param,
        viewport={"width": 1440, "height": 900},
        storage_state=live_server.signed_in(),
    )
    context.set_default_timeout(LIVE_MILLISECONDS)
    context.add_init_script(REPORT_VIOLATIONS)
    troubles = watched(context)
    yield Marketer(context.new_page(), has_scripts=request.param)
    context.close()
    assert not troubles
    assert "policy_violated" not in live_server.log


def watched(context: BrowserContext) -> list[str]:
    """The troubles that all pages of a window will have had: refusals too, for nothing here is to be refused."""
    troubles: list[str] = []
    context.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    context.on("response", lambda answer: troubles.append(answer.url) if answer.status >= 400 else None)
    return troubles


@contextmanager
def held(live_server: LiveServer) -> Iterator[Callable[[], None]]:
    """Keep the worker from working until it is let go, so that there is something to be watched."""
    worker = live_server.processes.running[-1].pid
    os.kill(worker, signal.SIGSTOP)
    try:
        yield lambda: os.kill(worker, signal.SIGCONT)
    finally:
        os.kill(worker, signal.SIGCONT)


def opened_in_another_window(page: Page, context: BrowserContext) -> Page:
    """The task as a colleague sees it who was sent its address."""
    address = page.get_by_role("textbox", name="Address of this task").input_value()
    colleague = context.new_page()
    colleague.goto(address)
    return colleague


def test_the_seed(marketer: Marketer, live_server: LiveServer, seed: Path, tmp_path: Path) -> None:
    """issue 2, "Shown by"; product §2, §4, §5."""
    marketer.create_custom_field()
    marketer.come_to_the_import()
    template = marketer.download_template(tmp_path)
    marketer.choose(template)
    marketer.launch()
    marketer.sees_the_end()
    assert marketer.counts() == {"created": "2", "updated": "0", "rejected": "0"}
    expect(marketer.page.get_by_role("heading", name="Problems")).to_have_count(0)

    marketer.come_to_the_import()
    marketer.choose(seed)
    marketer.fill_in_settings()
    with held(live_server) as let_go:
        marketer.launch()
        page = marketer.page
        expect(page.locator("#task [role=status]")).to_have_text("Waiting for a worker.")
        colleague = Marketer(opened_in_another_window(page, page.context), has_scripts=marketer.has_scripts)
        expect(colleague.page.locator("#task [role=status]")).to_have_text("Waiting for a worker.")
        let_go()
        marketer.sees_the_end()
        colleague.sees_the_end()
    for each in (marketer, colleague):
        assert each.counts() == {"created": "1", "updated": "0", "rejected": "0"}
    marketer.find_customer()
    marketer.reads_the_profile()
