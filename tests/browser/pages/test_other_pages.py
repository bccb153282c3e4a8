"""Customers, segments and settings in a real browser: nothing stands in anybody's way, whatever the values' length."""

import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.pages.test_task_page import launch
from tests.live import LiveServer
from tests.whole.house import run_command

pytestmark = pytest.mark.browser

PAGES = (
    "/customers", "/customers/1", "/customers/1/edit", "/customers/1/delete", "/segments", "/settings",
    "/settings/project", "/settings/junk", "/settings/custom-fields", "/settings/custom-fields/new",
    "/settings/segment-groups/1", "/settings/topics/new", "/settings/users", "/settings/tokens", "/settings/audit",
    "/account", "/account/second-factor", "/nowhere",
)  # fmt: skip
WIDTHS = (320, 390, 699, 700, 1000, 1319, 1320, 1440)
"""Either side of every width at which the layout changes."""

LONG = "verylongword" * 5
CATALOG = {
    "segment_groups": [{"system_name": LONG, "name": LONG, "segments": [{"system_name": LONG, "name": LONG}]}],
    "custom_fields": [{"system_name": LONG, "name": LONG, "type": "text"}],
}
FILE = f"""Email,FirstName,LastName,IsSubscribed,CustomField{LONG},Segment{LONG}
{LONG}@mail.example.org,{LONG},{LONG},true,{LONG * 5},{LONG}
{LONG}@mail.example.org,Anna,Smith,false,,
"""


@pytest.fixture(scope="module")
def filled_server(shared_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    """The shared server with a catalog of long words."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.json"
    path.write_text(json.dumps(CATALOG))
    loaded = run_command(shared_server.processes.environment, "catalog", "load", str(path))
    assert loaded.returncode == 0, loaded.stderr
    return shared_server


@pytest.mark.usefixtures("filled_server")
def test_nothing_stands_in_anybody_s_way(page: Page, tmp_path: Path) -> None:
    """axe: contrast, names, roles, order; and no page scrolls sideways."""
    path = tmp_path / "people.csv"
    path.write_text(FILE)
    launch(page, path)
    expect(page.locator("#task")).to_have_attribute("data-status", "finished")
    for address in (*PAGES, "/tasks/1", "/tasks"):
        for width, scheme in ((1440, "light"), (390, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(address)
            found = Axe().run(page)
            assert not found.response["violations"], f"{address} {found.generate_report()}"
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            assert room[0] <= room[1], (address, width)
