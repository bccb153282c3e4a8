"""Nobody gets in who does not belong, and everybody to what the role says."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.routing import Rule

from cdpweb.domain.roles import Role
from cdpweb.extensions import db
from cdpweb.models.accounts import User
from cdpweb.web import access, rights
from tests.web.markup import page

VALUES = {"id": "1", "act": "pause", "token": "x", "kind": "touchpoints", "filename": "css/base.css"}


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Every route as (endpoint, method, address)."""
    return [
        (rule.endpoint, method, address_of(rule))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def address_of(rule: Rule) -> str:
    return re.sub(r"<(?:[^:>]*:)?(\w+)>", lambda found: VALUES[found[1]], rule.rule)


def test_every_route_has_an_entry_and_every_entry_a_route(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(rights.ROLES)
    assert set(rights.SCOPES) <= set(rights.ROLES)


def test_strangers_reach_only_what_is_open(app: Flask, stranger: FlaskClient) -> None:
    for endpoint, method, address in routes(app):
        answer = stranger.open(address, method=method)
        if rights.is_open(endpoint):
            assert answer.status_code != 401, address
        elif method == "GET" and not address.startswith("/api/"):
            assert answer.status_code == 303, address
            assert answer.location.startswith("/sign-in"), address
        else:
            assert answer.status_code in (303, 401), address


def test_what_is_open_is_little(app: Flask) -> None:
    assert {endpoint for endpoint in rights.ROLES if rights.is_open(endpoint)} == {
        "static",
        "health.show",
        "security.report",
        "frame.choose_appearance",
        "account.sign_in",
        "account.enter_code",
        "account.welcome",
    }


@pytest.mark.parametrize("role", [Role.MARKETER, Role.ANALYST])
def test_a_role_reaches_just_what_its_column_says(app: Flask, role: Role) -> None:
    for endpoint, method, address in routes(app):
        if rights.is_open(endpoint) or endpoint.startswith("account.sign_out"):
            continue
        status = app.test_client(role=role).open(address, method=method).status_code
        assert (status == 403) == (role not in rights.roles_of(endpoint)), (address, method, status)
        assert status < 500, (address, method)


def test_a_route_without_an_entry_is_for_owners_only(app: Flask, client: FlaskClient, marketer: FlaskClient) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "seen")
    assert client.get("/forgotten").text == "seen"
    assert marketer.get("/forgotten").status_code == 403


def test_the_address_of_a_task_survives_signing_in(stranger: FlaskClient) -> None:
    assert stranger.get("/tasks/12?before=3").location == "/sign-in?next=/tasks/12"
    fragment = stranger.get("/tasks/12/status", headers={"HX-Request": "true", "HX-Current-URL": "http://x/tasks/12"})
    assert fragment.status_code == 401
    assert fragment.headers["HX-Redirect"] == "/sign-in?next=/tasks/12"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/\t/evil.example",
        "/%0d%0aSet-Cookie:x=1\r\n",
        "http:evil.example",
        "/" + "a" * 3000,
        "",
        None,
    ],
)
def test_only_pages_of_ours_are_led_to(app: Flask, address: str | None) -> None:
    with app.test_request_context():
        assert access.page_asked_for(address) == "/"


def test_pages_of_ours_are_led_to(app: Flask) -> None:
    with app.test_request_context():
        assert access.page_asked_for("/tasks/12?x=1") == "/tasks/12?x=1"


def test_who_is_disabled_is_out_at_once(app: Flask, analyst: FlaskClient) -> None:
    assert analyst.get("/tasks").status_code == 200
    with app.app_context():
        db.session.execute(update(User).where(User.email == "analyst@example.com").values(active=False))
        db.session.commit()
    assert analyst.get("/tasks").status_code == 303


def test_pages_offer_what_the_role_may_do(client: FlaskClient, analyst: FlaskClient) -> None:
    assert page(client.get("/customers")).all("a", href="/imports/new")
    shown = page(analyst.get("/customers"))
    assert not shown.all("a", href="/imports/new")
    assert not shown.all("a", href="/settings")
    assert "data-new-import" not in shown.one("body")


def test_a_slow_upload_does_not_hold_the_database(app: Flask, client: FlaskClient) -> None:
    """Who one is is read and let go before the body comes: another may write meanwhile."""
    written: list[Any] = []

    class Body(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            self.let_others_write()
            return super().read(size)

        def readinto(self, buffer: Any) -> int:
            self.let_others_write()
            return super().readinto(buffer)

        readinto1 = readinto

        def let_others_write(self) -> None:
            if not written:
                with db.engine.begin() as other:
                    written.append(other.execute(update(User).values(totp_counter=None)))

    answer = client.post("/imports/upload", input_stream=Body(b"Email\nanna@example.com\n"))
    assert answer.status_code == 201
    assert written
