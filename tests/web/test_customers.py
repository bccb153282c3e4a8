"""The pages of customers: list, profile, editing, deletion, export (product 5)."""

import csv
import io
import json

import pytest

from cdpweb.models import Action, Change, Customer, ExternalId, SegmentMember
from cdpweb.models.types import now
from cdpweb.services.catalog.files import load
from cdpweb.services.customers import search
from tests.posting import post_all
from tests.web.markup import page

CATALOG = {
    "segment_groups": [
        {
            "system_name": "Level",
            "name": "Loyalty level",
            "segments": [{"system_name": "Gold", "name": "Gold"}, {"system_name": "Tin", "name": "Tin"}],
        }
    ],
    "external_systems": [{"system_name": "Crm", "name": "CRM"}],
    "custom_fields": [
        {
            "system_name": "Sports",
            "name": "Sports",
            "type": "choice",
            "choices": [{"external_id": "run", "name": "Running"}],
        },
        {"system_name": "Note", "name": "Note", "type": "text"},
    ],
    "topics": [{"system_name": "News", "name": "News", "channels": ["Email"]}],
}


@pytest.fixture
def anna(session):
    """A customer with something of everything, and Bob."""
    load(session, CATALOG)
    anna = Customer(
        id=1, email="anna@mail.com", phone=12025550143, last_name="Smith", first_name="<b>Anna</b>",
        email_confirmed=True, custom={"Sports": "run"}, consents={"IsSubscribed": "in 2026-05-31T14:30:00.000+00:00"},
        source_endpoint_id=1, source_touchpoint_id=1, source_template_id=1, created_at=now(), created_record=1234,
    )  # fmt: skip
    session.add_all([anna, Customer(id=2, email="bob@mail.com", last_name="Jones", created_at=now())])
    session.flush()
    anna.created_task_id = 7  # a task would have entered her identifiers itself
    session.add_all(
        [ExternalId(system_id=1, value="A-1", customer_id=1), SegmentMember(customer_id=1, group_id=1, segment_id=1)]
    )
    past = now().replace(year=2020)
    session.add(
        Action(customer_id=1, id=1, template_id=1, touchpoint_id=1, endpoint_id=1, happened_at=past, recorded_at=now(),
               task_id=7, record=1234)
    )  # fmt: skip
    post_all(session)
    session.commit()
    return anna


def form_of(client, number=1):
    """What a browser would send of the form as it stands."""
    shown = page(client.get(f"/customers/{number}/edit"))
    sent = dict(shown.choices())
    for has in shown.all("input"):
        if has.get("name") and has.get("type") != "submit":
            sent[has["name"]] = has.get("value", "")
    return sent


def searched(client, **sent):
    """The page that a search leads to."""
    answer = client.post("/customers", data=sent)
    assert answer.status_code == 303
    return client.get(answer.location)


class TestList:
    def test_an_empty_base_says_how_to_begin(self, client):
        assert "No customers yet" in page(client.get("/customers")).text

    def test_it_shows_the_newest_first_and_leads_to_each(self, client, anna):
        shown = page(client.get("/customers"))
        assert [link["href"] for link in shown.all("a", class_="row-link")] == ["/customers/2", "/customers/1"]
        assert "2 customers" in shown.text
        assert "<b>Anna</b> Smith" in shown.text

    def test_search_and_filters(self, client, anna):
        for query, found in [
            ({"q": "ANNA@mail.com"}, ["/customers/1"]),
            ({"q": "jon"}, ["/customers/2"]),
            ({"segment": "1"}, ["/customers/1"]),
            ({"touchpoint": "1", "template": "1"}, ["/customers/1"]),
            ({"q": "jon", "segment": "1"}, []),
            ({"task": "5", "outcome": "created"}, []),
            ({"outcome": "nonsense"}, ["/customers/2", "/customers/1"]),
        ]:
            shown = page(searched(client, **query))
            assert [link["href"] for link in shown.all("a", class_="row-link")] == found
            assert found or "Nobody fits" in shown.text

    def test_pages_keep_the_filters(self, client, anna, monkeypatch):
        monkeypatch.setattr(search, "PAGE_CUSTOMERS", 1)
        assert "Nobody fits" in page(searched(client, q="mail.com", segment="")).text
        first = page(client.get("/customers?template=&touchpoint="))
        assert first.one("a", rel="next")["href"] == "/customers?after=2"
        second = page(client.get("/customers?after=2"))
        assert second.one("a", class_="row-link")["href"] == "/customers/1"
        assert second.one("a", rel="prev")["href"] == "/customers?before=1"

    def test_a_search_that_is_not_through_says_so(self, client, anna, monkeypatch):
        monkeypatch.setattr(search, "BUDGET_SECONDS", -1)
        monkeypatch.setattr(search, "FIRST_STRETCH", 1)
        shown = page(client.get("/customers?segment=1&touchpoint=1"))
        assert "the search is not through yet" in shown.text

    def test_numbers_that_are_none_are_refused_in_words(self, client):
        for query in ["segment=x", "task=-1", "after=9999999999999999999999", "task=3000000000", "before=²"]:
            assert "is not a number that can stand for" in page(client.get(f"/customers?{query}"), 400).text

    def test_strange_texts_are_only_not_found(self, client, anna):
        for text in ("\0", "\ufffd\ufffe", "';--", "{{7*7}}", "a" * 500, "9" * 400, "\U0001f600" * 500):
            page(searched(client, q=text))
        assert "at most 500 characters" in page(client.post("/customers", data={"q": "a" * 501}), 400).text


class TestSealedSearch:
    """What is searched for stands in no address: histories and the logs of proxies keep those."""

    def test_no_address_of_a_search_names_anybody(self, client, anna, monkeypatch):
        monkeypatch.setattr(search, "PAGE_CUSTOMERS", 1)
        answer = client.post("/customers", data={"q": "anna@mail.com", "segment": "1"})
        shown = page(client.get(answer.location))
        assert shown.one("input", name="q")["value"] == "anna@mail.com"
        assert shown.one("form", action="/customers")["method"] == "post"
        export = next(has["href"] for has in shown.all("a") if "export" in has["href"])
        for address in (answer.location, export):
            assert "anna" not in address and "mail.com" not in address
            assert "segment=1" in address
        assert [line.split(",")[0] for line in client.get(export).text.split()[1:]] == ["anna@mail.com"]

    def test_pages_exports_and_colleagues_keep_the_search(self, client, marketer, session, monkeypatch):
        monkeypatch.setattr(search, "PAGE_CUSTOMERS", 1)
        session.add_all(
            [
                Customer(id=number, last_name=name, created_at=now())
                for number, name in enumerate(("Lee", "Ray", "Lee"), 1)
            ]
        )
        post_all(session)
        session.commit()
        first = client.post("/customers", data={"q": "lee"}).location
        for browser in (client, client, marketer):
            shown = page(browser.get(first))
            assert shown.one("a", class_="row-link")["href"] == "/customers/3"
            second = page(browser.get(shown.one("a", rel="next")["href"]))
            assert second.one("a", class_="row-link")["href"] == "/customers/1"
            assert second.one("input", name="q")["value"] == "lee"
            back = page(browser.get(second.one("a", rel="prev")["href"]))
            assert back.one("a", class_="row-link")["href"] == "/customers/3"

    def test_equal_searches_have_unequal_addresses(self, client):
        """Who reads a log cannot tell that two people looked for the same customer."""
        assert len({client.post("/customers", data={"q": "anna@mail.com"}).location for _ in range(3)}) == 3

    def test_an_analyst_does_not_read_what_others_searched_for(self, client, analyst, anna):
        theirs = client.post("/customers", data={"q": "anna@mail.com"}).location
        refused = page(analyst.get(theirs), 400)
        assert "whose role sees more than yours" in refused.text
        assert "anna" not in refused.text
        own = analyst.post("/customers", data={"q": "A-1"}).location
        for browser in (analyst, client):
            assert page(browser.get(own)).one("a", class_="row-link")["href"] == "/customers/1"

    def test_what_cannot_be_opened_is_refused_in_words(self, app, client, anna, make_app):
        token = client.post("/customers", data={"q": "jones"}).location.partition("search=")[2]
        foreign = make_app(SECRET_KEY="another", DATABASE_URL=app.config["DATABASE_URL"]).test_client()
        altered = token[:20] + ("B" if token[20] == "A" else "A") + token[21:]
        for text in (token[:-1], token[1:], altered, "x", "é", "%00", "=" * 9, "a" * 3000):
            for address in ("/customers", "/customers/export.csv"):
                answer = client.get(f"{address}?search={text}")
                assert answer.status_code == 400, text
                assert "The search in this address cannot be read" in answer.text
        assert foreign.get(f"/customers?search={token}").status_code == 400

    def test_a_search_in_plain_is_refused_and_does_not_export_everybody(self, client, anna):
        for address in ("/customers?q=anna", "/customers/export.csv?q=anna"):
            answer = client.get(address)
            assert answer.status_code == 400
            assert "Type it into the search field" in answer.text

    def test_a_filter_that_is_no_number_gets_into_no_address(self, client, anna):
        answer = client.post("/customers", data={"task": "anna@mail.com"})
        assert answer.status_code == 400
        assert "Location" not in answer.headers


class TestProfile:
    def test_it_shows_all_that_is_known(self, client, anna):
        text = page(client.get("/customers/1")).text
        for words in (
            "Mobile phone +12025550143", "CRM ID A-1", "Sports Running", "Loyalty level Gold", "Email confirmed yes",
            "Customer creation", "cdpweb touchpoint", "through cdpweb", "Recorded", "task 7 , row 1,234",
            "Everything yes", "News by Email nothing ✓ opted in".replace("✓ ", ""),
        ):  # fmt: skip
            assert words in text, text

    def test_changes_name_task_or_person_old_and_new(self, client, session, anna):
        session.add_all(
            [
                Change(customer_id=1, id=1, at=now(), task_id=9, record=4, fields={"SegmentLevel": ["Tin", "Gold"]}),
                Change(customer_id=1, id=2, at=now(), author="eva@", fields={"CustomFieldGone": [None, "x"]}),
                Change(
                    customer_id=1, id=3, at=now(), fields={"IsSubscribed": [None, "in 2026-05-31T14:30:00.000+00:00"]}
                ),
            ]
        )
        text = page(client.get("/customers/1")).text
        assert "task 9 , row 4 Loyalty level Tin → became Gold" in text
        assert "by eva@ CustomFieldGone nothing → became x" in text
        assert "by hand Everything nothing → became opted in, 31 May 2026, 14:30" in text
        assert "Before Loyalty level Tin until" in text

    def test_long_histories_have_pages(self, client, session, anna):
        moment = now()
        session.add_all(
            Action(
                customer_id=2,
                id=number,
                template_id=1,
                touchpoint_id=1,
                endpoint_id=1,
                happened_at=moment,
                recorded_at=moment,
            )
            for number in range(10, 70)
        )
        session.add_all(
            Change(customer_id=2, id=number, at=moment, fields={"Email": [None, str(number)]}) for number in range(60)
        )
        shown = page(client.get("/customers/2"))
        following = [link["href"] for link in shown.all("a", rel="next")]
        assert following == ["/customers/2?feed=20#feed", "/customers/2?changes=10#changes"]
        assert page(client.get("/customers/2?feed=20")).text.count("through cdpweb") == 10
        assert page(client.get("/customers/2?changes=10")).text.count("by hand") == 10

    def test_nobody_is_a_page_in_words(self, client):
        for number in ["3", "99999999999999999999999"]:
            assert f"There is no customer {number}." in page(client.get(f"/customers/{number}"), 404).text


class TestEdit:
    def test_what_stands_in_the_form_changes_nothing(self, client, session, anna):
        answer = client.post("/customers/1/edit", data=form_of(client))
        assert (answer.status_code, answer.location) == (303, "/customers/1")
        assert session.query(Change).count() == 0
        assert "Nothing was changed." in page(client.get("/customers/1")).text

    def test_what_the_person_changed_is_saved(self, client, session, anna):
        sent = form_of(client) | {
            "LastName": "Miller",
            "SegmentLevel": "Tin",
            "IsSubscribed": "false",
            "CustomFieldSports": "",
        }
        assert client.post("/customers/1/edit", data=sent).status_code == 303
        session.refresh(anna)
        assert (anna.last_name, anna.custom) == ("Miller", None)
        assert anna.consents["IsSubscribed"].startswith("out ")
        assert session.get(SegmentMember, (1, 1)).segment_id == 2

    def test_refusals_stand_at_their_fields_and_keep_what_was_typed(self, client, session, anna):
        sent = form_of(client) | {"Email": "bob@mail.com", "BirthDate": "tomorrow", "LastName": "Miller"}
        shown = page(client.post("/customers/1/edit", data=sent), 422)
        assert shown.with_id("BirthDate")["aria-invalid"] == "true"
        assert shown.one("input", name="LastName")["value"] == "Miller"
        assert "This is not a date." in shown.text
        session.refresh(anna)
        assert anna.last_name == "Smith"
        sent["BirthDate"] = ""
        assert (
            "It belongs to another customer: Jones, number 2."
            in page(client.post("/customers/1/edit", data=sent), 422).text
        )

    def test_an_edit_does_not_undo_what_an_import_wrote_meanwhile(self, client, session, anna):
        sent = form_of(client) | {"FirstName": "Anna"}
        anna.last_name = "Brown"
        assert client.post("/customers/1/edit", data=sent).status_code == 303
        session.refresh(anna)
        assert (anna.first_name, anna.last_name) == ("Anna", "Brown")

    def test_a_form_that_was_tampered_with_is_no_500(self, client, anna):
        for before in ["", "{", "[]", "7", '{"Email": null}']:
            sent = {"before": before, "Email": "anna@mail.com", "LastName": "x"}
            assert client.post("/customers/1/edit", data=sent).status_code in (303, 422)

    def test_the_form_remembers_what_was_seen_as_json(self, client, anna):
        assert json.loads(form_of(client)["before"])["CustomFieldSports"] == "run"


class TestDelete:
    def test_it_says_in_numbers_what_will_be_gone_then_deletes(self, client, session, anna):
        text = page(client.get("/customers/1/delete")).text
        assert "with 3 identifiers, all fields, 1 segment, 1 action and 0 changes" in text
        assert client.post("/customers/1/delete").location == "/customers"
        assert session.query(Customer).count() == 1
        assert "Customer 1 was deleted on" in page(client.get("/customers/1"), 404).text
        assert client.post("/customers/1/delete").status_code == 404


class TestExport:
    def test_the_page_exports_what_it_shows(self, client, anna):
        shown = page(client.get("/customers?segment=1"))
        address = next(link["href"] for link in shown.all("a") if "download" in link)
        answer = client.get(address)
        assert answer.mimetype == "text/csv"
        assert "attachment; filename=customers.csv" in answer.headers["Content-Disposition"]
        (row,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
        assert (row["Email"], row["SegmentLevel"], row["CustomFieldSports"]) == ("anna@mail.com", "Gold", "run")
        assert "CustomerId" not in row
        assert client.get("/customers/export.csv?ids").data.startswith(b"\xef\xbb\xbfCustomerId,")
