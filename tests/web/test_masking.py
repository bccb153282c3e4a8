"""Analysts see no personal data, and cannot find out whose is whose."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from cdpweb.extensions import db
from cdpweb.models import Customer, Task
from cdpweb.web.masking import MASK, masked
from tests.web.markup import page

CSV = (
    b"Email,+4915112345670,LastName,FirstName,dora@example.com\n"
    b"anna@example.com,+4915112345678,Ahlers,Anna,x\n"
    b"bela@example.com,+4915112345679,Ahlers,Bela,x\n"
    b"carl@example.com,+49,Carlsen,Carl,x\n"
)
PERSONAL = ("4915112345670", "anna", "bela", "carl", "4915112345678", "Ahlers", "Anna", "+49", "dora")


@pytest.fixture
def imported(app: Flask, client: FlaskClient, drain: object) -> int:
    """The number of a task that has imported three customers."""
    upload = client.post("/imports/upload", data=CSV, headers={"X-File-Name": "people.csv"}).json["upload"]
    form = {
        "upload": upload,
        "act": "launch",
        "task": "import",
        "form_token": "one",
        "column-1": "MobilePhone",
        "column-4": "skip",
        "surveyed": upload,
    }
    client.post("/imports", data=form)
    drain()  # type: ignore[operator]
    with app.app_context():
        task = db.session.scalar(select(Task))
        assert task is not None
        assert task.status == "finished", task.status
        return task.id


def test_analysts_see_no_personal_data(app: Flask, client: FlaskClient, analyst: FlaskClient, imported: int) -> None:
    shown = page(analyst.get(f"/tasks/{imported}"))
    (problem,) = [has["id"] for has in shown.all("details") if has.get("class") == "disclosure problem"]
    assert problem.endswith("-MobilePhone")
    with app.app_context():
        ids = list(db.session.scalars(select(Customer.id)))
    addresses = ["/customers", f"/tasks/{imported}", f"/tasks/{imported}/status", "/tasks", "/api/tasks"]
    addresses += [f"/customers/{one}" for one in ids]
    seen = ""
    for address in addresses:
        shown = analyst.get(address).text
        seen += client.get(address).text
        for word in PERSONAL:
            assert word not in shown.replace("analyst@", ""), (word, address)
    assert all(word in seen for word in PERSONAL)


def test_analysts_download_nothing_personal(analyst: FlaskClient, imported: int) -> None:
    for address in ("/customers/export.csv", f"/tasks/{imported}/problems.csv", "/settings/audit/export.csv"):
        assert analyst.get(address).status_code == 403


def test_analysts_search_by_id_only(client: FlaskClient, analyst: FlaskClient, imported: int) -> None:
    for text in ("anna@example.com", "+4915112345678", "4915112345678", "Ahlers", "Anna", "A"):
        assert "Nobody fits" not in page(client.post("/customers", data={"q": text}, follow_redirects=True)).text
        shown = page(analyst.post("/customers", data={"q": text}, follow_redirects=True))
        assert "Nobody fits" in shown.text, text
    assert MASK in page(analyst.post("/customers", data={"q": "1"}, follow_redirects=True)).text
    assert MASK in page(analyst.get(f"/customers?task={imported}")).text


def test_analysts_tell_customers_apart_by_number(analyst: FlaskClient, imported: int) -> None:
    listed = page(analyst.get(f"/customers?task={imported}")).text
    assert all(f"Customer {number} " in listed for number in (1, 2, 3))
    assert page(analyst.get("/customers/1")).text.count("Customer 1 ") == 2


def test_equal_values_cannot_be_linked(app: Flask) -> None:
    with app.test_request_context():
        assert {masked("anna@example.com"), masked("bela@example.com"), masked("1")} == {MASK}
        assert masked("") == ""
