"""What belongs to every page: the front door, light and dark, the weight of it all."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.web.markup import page

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static"
MAX_PAGE_BYTES = 80_000


def test_the_front_door_leads_to_the_customers(client: FlaskClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.location) == (303, "/customers")


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_light_or_dark_is_kept(client: FlaskClient, choice: str) -> None:
    here = {"Referer": "http://localhost/tasks?q=spring"}
    answer = client.post("/appearance", data={"appearance": choice}, headers=here)
    assert (answer.status_code, answer.location) == (303, "/tasks?q=spring")
    markup = page(client.get("/tasks"))
    assert markup.one("html")["data-appearance"] == choice
    assert markup.one("button", value=choice)["aria-pressed"] == "true"


def test_automatic_is_the_default_and_comes_back(client: FlaskClient) -> None:
    client.post("/appearance", data={"appearance": "dark"})
    client.post("/appearance", data={"appearance": "auto"})
    assert "data-appearance" not in page(client.get("/tasks")).one("html")


def test_no_foreign_page_is_led_back_to(client: FlaskClient) -> None:
    here = {"Referer": "http://elsewhere.example/tasks"}
    assert client.post("/appearance", data={"appearance": "dark"}, headers=here).location == "/"


def test_another_appearance_is_refused(client: FlaskClient) -> None:
    assert "Choose Auto, Light or Dark" in page(client.post("/appearance", data={"appearance": "pink"}), 400).text


def test_the_menu_marks_where_one_is(client: FlaskClient) -> None:
    markup = page(client.get("/tasks"))
    assert [has["href"] for has in markup.all("a", aria_current="true")] == ["/tasks"]


@pytest.mark.parametrize("address", ["/imports/new", "/tasks"])
def test_a_page_without_data_weighs_little(client: FlaskClient, address: str) -> None:
    """interface.md: under 80 KB compressed"""
    answer = client.get(address)
    markup = page(answer)
    files = [has["href"] for has in markup.all("link")] + [has["src"] for has in markup.all("script")]
    weight = sum(len(gzip.compress(client.get(one).data)) for one in files) + len(gzip.compress(answer.data))
    assert weight < MAX_PAGE_BYTES


def test_every_colour_is_a_token() -> None:
    for path in (STATIC / "css").rglob("*.css"):
        if path.name != "tokens.css":
            assert not re.search(r"oklch\(|#[0-9a-f]{3,8}\b|rgb\(", path.read_text()), path.name


def test_vendored_files_are_those_of_their_packages() -> None:
    """dependencies.md: vendored with name, version, licence and digest"""
    manifest = json.loads((STATIC / "vendor" / "manifest.json").read_text())
    for entry in manifest:
        content = (STATIC / "vendor" / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert entry["version"] in entry["file"]
        assert entry["licence"]
        assert (STATIC / "vendor" / entry["licence_file"]).stat().st_size
    listed = {name for entry in manifest for name in (entry["file"], entry["licence_file"])} | {"manifest.json"}
    assert {path.name for path in (STATIC / "vendor").iterdir()} == listed


def test_every_template_that_is_included_is_a_fragment_with_one_root() -> None:
    """A fragment is a file with a leading underscore; pages extend the layout."""
    for path in (ROOT / "templates").rglob("*.html"):
        extends = "{% extends" in path.read_text()
        belongs_to_all = path.parent.name in ("templates", "macros") or path.name == "bare.html"
        assert belongs_to_all or extends != path.name.startswith("_"), path
