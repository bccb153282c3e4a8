"""Static files may be kept for ever under their hashed address, and only there."""

from flask import Flask, url_for
from flask.testing import FlaskClient

FILE = "css/base.css"


def test_the_hashed_address_may_be_kept_for_ever(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        address = url_for("static", filename=FILE)
    answer = client.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_an_outdated_or_plain_address_is_asked_for_again(client: FlaskClient) -> None:
    for address in (f"/static/{FILE}", f"/static/{FILE}?v=0123456789abcdef"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-cache"


def test_pages_are_not_kept(client: FlaskClient) -> None:
    assert client.get("/health").headers["Cache-Control"] == "no-store"


def test_a_static_file_that_is_not_there_is_404(client: FlaskClient) -> None:
    assert client.get("/static/css/nothing.css").status_code == 404
