"""API tokens: scoped, shown once, kept as a digest, revocable."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from cdpweb.extensions import db
from cdpweb.models.accounts import ApiToken, User
from tests.web.markup import page


def create(client: FlaskClient, *scopes: str) -> str:
    answer = client.post("/settings/tokens", data={"name": "nightly", "scopes": list(scopes)})
    text: str = page(answer).with_id("token")["value"]
    return text


def ask(client: FlaskClient, address: str, token: str, method: str = "GET") -> tuple[int, str]:
    answer = client.open(address, method=method, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.text


def test_a_token_is_shown_once_and_kept_as_a_digest(app: Flask, client: FlaskClient) -> None:
    text = create(client, "tasks:read")
    assert text.startswith("cdpweb_")
    assert text not in client.get("/settings/tokens").text
    with app.app_context():
        (token,) = db.session.scalars(select(ApiToken))
        assert text.removeprefix("cdpweb_") not in str(vars(token))


def test_a_token_reaches_what_its_scopes_say(client: FlaskClient, stranger: FlaskClient) -> None:
    text = create(client, "tasks:read")
    assert ask(stranger, "/api/tasks", text) == (200, '{"next_before":null,"tasks":[]}\n')
    assert ask(stranger, "/api/tasks/7", text)[0] == 404
    for address in ("/customers/export.csv", "/customers", "/settings/users", "/tasks/1"):
        assert ask(stranger, address, text)[0] == 403
    assert ask(stranger, "/tasks/1/pause", text, "POST")[0] == 403
    assert ask(stranger, "/customers/export.csv", create(client, "customers:export"))[0] == 200


def test_the_last_use_is_noted(client: FlaskClient, stranger: FlaskClient) -> None:
    text = create(client, "tasks:read")
    assert "never" in page(client.get("/settings/tokens")).text
    ask(stranger, "/api/tasks", text)
    assert "never" not in page(client.get("/settings/tokens")).text


def test_a_revoked_token_is_of_no_use(app: Flask, client: FlaskClient, stranger: FlaskClient) -> None:
    text = create(client, "tasks:read")
    with app.app_context():
        number = db.session.scalar(select(ApiToken.id))
    assert client.post(f"/settings/tokens/{number}/revoke").status_code == 303
    assert ask(stranger, "/api/tasks", text)[0] == 401
    assert "revoked" in page(client.get("/settings/tokens")).text
    assert client.post("/settings/tokens/99/revoke").status_code == 404


def test_a_token_reaches_no_more_than_who_created_it(app: Flask, client: FlaskClient, stranger: FlaskClient) -> None:
    export, tasks = create(client, "customers:export"), create(client, "tasks:read")
    for role, allowed in (("marketer", 200), ("analyst", 403)):
        with app.app_context():
            db.session.execute(update(User).values(role=role))
            db.session.commit()
        assert ask(stranger, "/customers/export.csv", export)[0] == allowed, role
        assert ask(stranger, "/api/tasks", tasks)[0] == 200
    with app.app_context():
        db.session.execute(update(User).values(active=False))
        db.session.commit()
    assert ask(stranger, "/api/tasks", tasks)[0] == 401


@pytest.mark.parametrize("token", ["", "x", "cdpweb_", "cdpweb_" + "a" * 43, "\udc80", "é"])
def test_an_unknown_token_is_refused(stranger: FlaskClient, token: str) -> None:
    code, text = ask(stranger, "/api/tasks", token.encode("utf-8", "replace").decode("latin-1"))
    assert code == 401
    assert "message" in text


@pytest.mark.parametrize("given", [{}, {"name": "x"}, {"name": " ", "scopes": "tasks:read"}, {"scopes": "all"}])
def test_a_token_needs_a_name_and_known_scopes(client: FlaskClient, given: dict[str, str]) -> None:
    page(client.post("/settings/tokens", data=given), 422)


def test_who_has_signed_in_may_ask_for_json_too(client: FlaskClient, stranger: FlaskClient) -> None:
    assert client.get("/api/tasks").json == {"next_before": None, "tasks": []}
    answer = stranger.get("/api/tasks", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json["error"] == "You are not signed in"
