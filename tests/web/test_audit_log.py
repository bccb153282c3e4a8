"""The audit log: who, when, from where; added to and never changed."""

import csv
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from cdpweb.extensions import db
from cdpweb.models import AuditEvent
from cdpweb.services import audit
from tests.web.markup import page


def assert_append_only(app: Flask) -> None:
    with app.app_context():
        db.session.info["writes"] = True
        audit.record("task_launched", person="anna@example.com", task=7)
        db.session.commit()
        for act in (update(AuditEvent).values(person="nobody"), delete(AuditEvent)):
            with pytest.raises(DBAPIError, match="append-only"):
                db.session.execute(act)
            db.session.rollback()
        assert db.session.scalars(select(AuditEvent.person)).all() == ["anna@example.com"]


def test_events_stay_as_they_are(app: Flask) -> None:
    assert_append_only(app)


def test_an_event_is_undone_with_what_it_tells(app: Flask) -> None:
    with app.app_context():
        audit.record("task_launched", task=7)
        db.session.rollback()
        assert db.session.scalars(select(AuditEvent)).all() == []


def searched(client: FlaskClient, **sent: str) -> TestResponse:
    """The page that a search leads to, whose address names nobody."""
    answer = client.post("/settings/audit", data=sent)
    assert answer.status_code == 303
    assert sent["q"] not in answer.location.partition("search=")[2].partition("&")[0]
    return client.get(answer.location)


def test_the_log_is_searched_and_exported(client: FlaskClient) -> None:
    client.post("/settings/users", data={"email": "bob@example.com", "role": "analyst"})
    client.get("/customers/export.csv")
    shown = page(client.get("/settings/audit")).text
    assert "added a user" in shown
    assert "127.0.0.1" in shown
    assert "Nothing fits" in page(searched(client, q="nobody")).text
    assert "exported customers" not in page(client.get("/settings/audit?event=user_added")).text.partition("Search")[2]
    found = searched(client, q="customers_exported", event="customers_exported")
    address = next(has["href"] for has in page(found).all("a") if "export" in has["href"])
    assert "customers_exported" not in address.partition("search=")[2].partition("&")[0]
    answer = client.get(address)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    header, line = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert header == ["When", "Event", "Person", "From", "Subject"]
    assert line[1:4] == ["customers_exported", "owner@example.com", "127.0.0.1"]
    assert "exported the audit log" in page(client.get("/settings/audit")).text


def test_exported_cells_run_nothing(app: Flask, client: FlaskClient) -> None:
    """rules 8.2"""
    with app.app_context():
        audit.record("task_launched", person="=cmd()")
        db.session.commit()
    assert "\"'=cmd()" in client.get("/settings/audit/export.csv").text.replace(",'=", ",\"'=")
