"""The frame in a real browser."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import wait_for
from tests.live import LiveServer, watch

pytestmark = pytest.mark.browser


def test_an_unknown_address_is_refused_in_words(page: Page) -> None:
    page.goto("/nowhere")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_an_inline_script_does_not_run_and_is_noticed(browsing: BrowserContext, live_server: LiveServer) -> None:
    page = browsing.new_page()
    troubles = watch(page)
    page.goto("/health")
    page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.head.append(script);
    }""")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert any("policy violated: script-src" in trouble for trouble in troubles)
    wait_for(lambda: "policy_violated" in live_server.log, 10)
