"""Every trouble is answered in words, and a bug with an id to look for in the log."""

import re
import sqlite3
from collections.abc import Callable

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import text

from cdpweb.extensions import db
from cdpweb.models import Topic, connections
from cdpweb.queueing import BrokerDown
from cdpweb.web.templating import size
from tests.databases import on_postgres, on_sqlite

NOBODY = "anna@example.com"


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """The application with a few views that go wrong; as in operation, exceptions do not reach the client."""
    app.config |= {"TESTING": False, "PROPAGATE_EXCEPTIONS": False}
    app.add_url_rule("/bug", "bug", lambda: {}[NOBODY])
    app.add_url_rule("/gone", "gone", lambda: abort(404, "Task 12 has been deleted."))
    app.add_url_rule("/broker", "broker", _broker_down)
    app.add_url_rule("/sql", "sql", lambda: str(db.session.execute(text("SELECT * FROM nowhere"))))
    app.add_url_rule("/write", "write", _write, methods=["POST"])
    app.add_url_rule("/twice", "twice", _twice, methods=["POST"])
    return app.test_client()


def _broker_down() -> str:
    raise BrokerDown


def _twice() -> str:
    db.session.add_all([Topic(system_name="secret@example.com", name="", channels=[]) for _ in range(2)])
    db.session.commit()
    return "written"


def _write() -> str:
    db.session.execute(text("UPDATE project SET time_zone = 'Asia/Tokyo'"))
    db.session.commit()
    return "written"


@pytest.mark.parametrize("address", ["/bug", "/sql"])
def test_a_bug_is_logged_under_the_id_that_the_page_names(
    client: FlaskClient, address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = client.get(address)
    assert answer.status_code == 500
    number = re.search(r"report this id to the operator: ([0-9a-f]{8})", answer.text)
    assert number
    log = capfd.readouterr().err
    assert f"id={number[1]}" in log
    assert "Traceback" in log
    assert NOBODY not in log


def test_the_sentence_of_the_view_goes_first(client: FlaskClient) -> None:
    answer = client.get("/gone")
    assert answer.status_code == 404
    assert "Task 12 has been deleted." in answer.text


def test_errors_stand_in_the_frame_of_every_page(client: FlaskClient) -> None:
    assert 'class="frame"' in client.get("/nowhere").text
    assert 'class="frame"' in client.get("/bug").text


def test_a_script_gets_json(client: FlaskClient) -> None:
    answer = client.get("/gone", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.json == {"error": "There is no such page", "message": "Task 12 has been deleted."}


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    answer = client.post("/health")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_broker_that_is_away_is_503_in_words(client: FlaskClient) -> None:
    answer = client.get("/broker")
    assert answer.status_code == 503
    assert "starts by itself when the queue is back" in answer.text


@on_sqlite
def test_a_database_that_stays_locked_is_503_in_words(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/health")
    monkeypatch.setitem(connections.PRAGMAS, "busy_timeout", 50)
    with app.app_context():
        db.engine.dispose()
    other = sqlite3.connect(app.config["INSTANCE"] / "cdpweb.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = client.post("/write")
    assert answer.status_code == 503
    assert "Nothing was changed; try again in a few seconds." in answer.text
    assert answer.headers["Retry-After"]
    other.execute("ROLLBACK")
    assert client.post("/write").text == "written"
    other.close()


@on_postgres
def test_a_row_that_stays_locked_is_503_in_words(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/health")
    monkeypatch.setattr(connections, "BUSY_SECONDS", 1)
    with app.app_context():
        db.engine.dispose()
        with db.engine.connect() as other:
            other.execute(text("UPDATE project SET time_zone = 'Europe/Berlin'"))
            answer = client.post("/write")
    assert answer.status_code == 503
    assert "Nothing was changed; try again in a few seconds." in answer.text
    assert answer.headers["Retry-After"]
    assert client.post("/write").text == "written"


@on_postgres
def test_who_writes_the_same_a_moment_too_late_is_told_so(
    client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = client.post("/twice")
    assert answer.status_code == 409
    assert "Nothing was changed. Go back, reload the page and try again." in answer.text
    assert "secret@example.com" not in capfd.readouterr().err


def test_a_database_that_is_away_is_503_in_words(make_app: Callable[..., Flask]) -> None:
    app = make_app(DATABASE_URL="postgresql://cdpweb@127.0.0.1:1/nothing", TESTING=False)
    client = app.test_client(role=None)
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "somebody"
    answer = client.get("/tasks")
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text


def test_what_is_larger_than_the_limit_is_413_in_words(make_app: Callable[..., Flask]) -> None:
    app = make_app(MAX_UPLOAD_BYTES=2_000_000)
    answer = app.test_client().post("/imports", data=b"x" * 3_100_000, content_type="multipart/form-data")
    assert answer.status_code == 413
    assert f"A file may have up to {size(2_000_000)}." in answer.text


def test_a_form_without_its_token_is_refused_in_words(make_app: Callable[..., Flask]) -> None:
    answer = make_app(WTF_CSRF_ENABLED=True).test_client().post("/appearance", data={"appearance": "dark"})
    assert answer.status_code == 400
    assert "reload the page, fill it in and send it again" in answer.text


def test_a_foreign_host_name_is_refused(client: FlaskClient) -> None:
    answer = client.get("/health", headers={"Host": "evil.example"})
    assert answer.status_code == 400
