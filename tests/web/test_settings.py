"""The settings pages and the page of segments (product 5)."""

import pytest

from cdpweb.models import Customer, SegmentMember
from cdpweb.models.snapshot import snapshot
from cdpweb.models.types import now
from cdpweb.services.catalog.entries import create
from cdpweb.services.catalog.files import load
from cdpweb.services.catalog.kinds import AREAS, KINDS, SEGMENT_GROUPS, TOUCHPOINTS
from cdpweb.web import catalog_form
from tests.posting import post_all
from tests.services.test_catalog import EXAMPLES
from tests.web.markup import page

FORMS = {
    plural: {name: value for name, value in entry.items() if value not in (None, False)}
    for plural, entry in EXAMPLES.items()
}
FORMS["custom_fields"] |= {"choices": "run | Running\nSwim\n", "multiple": "y", "create_missing": "y"}


def path(plural):
    return "/settings/" + plural.replace("_", "-")


def test_the_directory_leads_to_every_page(client):
    shown = page(client.get("/settings"))
    addresses = [link["href"] for link in shown.all("a") if link["href"].startswith("/settings/")]
    assert {"/settings/project", "/settings/junk"} < set(addresses)
    assert len(addresses) == len(KINDS) - 1 + 5
    for address in addresses:
        assert page(client.get(address))


def test_every_kind_is_created_changed_and_deleted_through_its_pages(client, session):
    for plural in FORMS:
        kind = KINDS[plural]
        page(client.get(path(plural) + "/new"))
        assert client.post(path(plural) + "/new", data=FORMS[plural]).status_code == 303
        row = kind.find(session, EXAMPLES[plural][kind.key])
        assert row.name == EXAMPLES[plural]["name"]
        assert row.name in page(client.get("/segments" if kind is SEGMENT_GROUPS else path(plural))).text
        address = f"{path(plural)}/{row.id}"
        page(client.get(address))
        changed = {name: value for name, value in FORMS[plural].items() if name != kind.key} | {"name": "Another"}
        assert client.post(address, data=changed).status_code == 303
        session.refresh(row)
        assert row.name == "Another"
        assert client.post(address + "/delete").status_code == 303
        assert client.get(address).status_code == 404


def test_an_empty_form_is_refused_at_its_fields(client):
    for plural in FORMS:
        shown = page(client.post(path(plural) + "/new", data={}), 422)
        assert shown.with_id("name")["aria-invalid"] == "true"
        assert shown.with_id("error-summary")
        assert "Give the name." in shown.text


def test_choices_are_lines_and_a_line_taken_out_removes_one(client, session):
    client.post("/settings/custom-fields/new", data=FORMS["custom_fields"])
    shown = page(client.get("/settings/custom-fields/1"))
    assert "run | Running Swim" in shown.text
    assert "CustomFieldSports" in shown.text
    client.post("/settings/custom-fields/1", data={"name": "Sports", "choices": "run | Jogging\n"})
    field = snapshot(session).custom_fields[0]
    assert [(one.external_id, one.name) for one in field.choices] == [("run", "Jogging")]
    assert (field.multiple, field.create_missing) == (True, False)


def test_a_choice_that_customers_have_stays(client, session):
    client.post("/settings/custom-fields/new", data=FORMS["custom_fields"])
    session.add(Customer(id=1, email="a@b.com", custom={"Sports": "Swim"}, created_at=now()))
    shown = page(client.post("/settings/custom-fields/1", data={"name": "Sports", "choices": "run"}), 422)
    assert "The choice “Swim” cannot be removed: customers have it." in shown.text
    assert len(snapshot(session).custom_fields[0].choices) == 2


def test_what_is_referred_to_is_not_deleted_and_the_page_says_why(client, session):
    touchpoint = create(session, TOUCHPOINTS, {"external_id": "web", "name": "Website"})
    session.add(Customer(id=1, email="a@b.com", source_touchpoint_id=touchpoint.id, created_at=now()))
    post_all(session)
    shown = page(client.post(f"/settings/touchpoints/{touchpoint.id}/delete"), 422)
    assert "Nothing was deleted. “Website” cannot be deleted: customers were created with it." in shown.text
    assert shown.with_id("name")["value"] == "Website"
    assert page(client.get(f"/settings/touchpoints/{touchpoint.id}"))


def test_what_is_shipped_offers_no_deletion(client):
    shown = page(client.get("/settings/touchpoints/1"))
    assert "It is shipped with cdpweb and stays" in shown.text
    assert not [form for form in shown.all("form") if form.get("action", "").endswith("/delete")]


def test_what_there_is_not_is_a_404(client):
    for address in ["/settings/touchpoints/99", "/settings/touchpoints/9999999999999", "/settings/nonsense"]:
        page(client.get(address), 404)


class TestSegments:
    @pytest.fixture
    def gold(self, session):
        load(session, {"segment_groups": [{"system_name": "Level", "name": "Level"}]})
        session.commit()

    def test_an_empty_base_says_what_segments_are(self, client):
        assert "No segments yet" in page(client.get("/segments")).text

    def test_a_segment_is_created_in_its_group_and_leads_to_its_customers(self, client, session, gold):
        shown = page(client.get("/settings/segments/new?group=Level"))
        assert ("group", "Level") in shown.choices()
        answer = client.post("/settings/segments/new", data={"group": "Level", "system_name": "Gold", "name": "Gold"})
        assert answer.location == "/settings/segment-groups/1"
        assert "Gold" in page(client.get("/settings/segment-groups/1")).text
        shown = page(client.get("/segments"))
        assert shown.one("a", class_="row-link")["href"] == "/customers?segment=1"
        assert "SegmentLevel" in shown.text
        session.add(SegmentMember(customer_id=1, group_id=1, segment_id=1))
        assert "customers are in it" in page(client.post("/settings/segments/1/delete"), 422).text

    def test_who_may_not_edit_segments_is_offered_nothing_of_the_kind(self, client, analyst, gold):
        for words in ("Create one here", "New segment"):
            assert words in page(client.get("/segments")).text
            assert words not in page(analyst.get("/segments")).text
        client.post("/settings/segments/new", data={"group": "Level", "system_name": "Gold", "name": "Gold"})
        assert "Edit" in page(client.get("/segments")).text
        assert "Edit" not in page(analyst.get("/segments")).text

    def test_the_list_of_segments_is_the_page_of_segments(self, client):
        assert client.get("/settings/segments").location == "/segments"


class TestProject:
    def test_defaults_are_saved_and_shown(self, client, session):
        sent = {"time_zone": "Europe/Berlin", "phone_country": "DE", "api_endpoint": "cdpweb", "source_template": ""}
        assert client.post("/settings/project", data=sent).status_code == 303
        project = snapshot(session).project
        assert (project.time_zone, project.phone_country, project.api_endpoint_id) == ("Europe/Berlin", "DE", 1)
        chosen = dict(page(client.get("/settings/project")).choices())
        assert {name: chosen[name] for name in sent} == sent

    def test_wrong_defaults_are_refused_at_their_fields(self, client):
        shown = page(client.post("/settings/project", data={"time_zone": "Mars", "api_endpoint": "x"}), 422)
        assert shown.with_id("time_zone")["aria-invalid"] == "true"
        assert "“Mars” is not a time zone" in shown.text

    def test_the_junk_list_is_replaced_or_refused_with_its_line(self, client, session):
        assert "1@1.com" in page(client.get("/settings/junk")).text
        assert client.post("/settings/junk", data={"junk": "No@No.com\r\n+19999999999\r\n"}).status_code == 303
        assert snapshot(session).project.junk_emails == {"no@no.com"}
        shown = page(client.post("/settings/junk", data={"junk": "no@no.com\nnobody"}), 422)
        assert "Line 2, “nobody”" in shown.text
        assert snapshot(session).project.junk_emails == {"no@no.com"}


class TestLongLists:
    def test_long_lists_are_cut_and_searched(self, client, session, monkeypatch):
        load(session, {"areas": [{"external_id": f"a{number}", "name": f"Area {number}"} for number in range(12)]})
        monkeypatch.setattr("cdpweb.services.catalog.entries.LISTED", 10)
        monkeypatch.setattr("cdpweb.web.settings.LISTED", 10)
        assert "The first 10 by name" in page(client.get("/settings/areas")).text
        found = page(client.get("/settings/areas?q=A11"))
        assert len(found.all("a", class_="row-link")) == 1
        assert "Nothing fits" in page(client.get("/settings/areas?q=%25")).text

    def test_a_reference_to_one_of_many_is_typed(self, client, session, monkeypatch):
        monkeypatch.setattr(catalog_form, "LONGEST_SELECT", 1)
        load(session, {"areas": [{"external_id": "us", "name": "USA"}, {"external_id": "de", "name": "Germany"}]})
        shown = page(client.get("/settings/areas/new"))
        assert shown.with_id("parent")["type"] == "text"
        assert (
            client.post("/settings/areas/new", data={"external_id": "nyc", "name": "NYC", "parent": "us"}).status_code
            == 303
        )
        assert AREAS.find(session, "nyc").parent.name == "USA"


def test_a_nul_in_what_is_searched_for_is_left_out(client):
    page = client.get("/settings/touchpoints", query_string={"q": "cdp\0web"})
    assert page.status_code == 200
    assert "cdpweb touchpoint" in page.text
