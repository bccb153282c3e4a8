"""Signing in and out, links, passwords, the second factor."""

import base64
import hmac
import re
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from cdpweb.domain.roles import Role
from cdpweb.extensions import db
from cdpweb.models import AuditEvent
from cdpweb.models.accounts import User
from cdpweb.services import accounts
from tests.signing_in import PASSWORD
from tests.web.markup import page

ANNA = "anna@example.com"
Link = Callable[[], str]


@pytest.fixture
def first_link(app: Flask) -> str:
    with app.app_context():
        return f"/welcome/{accounts.first_link(db.session)}"


@pytest.fixture
def anna(app: Flask) -> str:
    """An owner with a password."""
    with app.app_context():
        db.session.info["writes"] = True
        accounts.create_owner(db.session, ANNA, PASSWORD)
        db.session.commit()
    return ANNA


def sign_in(client: FlaskClient, email: str = ANNA, password: str = PASSWORD, **address: str) -> TestResponse:
    return client.post("/sign-in", query_string=address, data={"email": email, "password": password})


def events(app: Flask) -> list[tuple[str, str | None]]:
    with app.app_context():
        return [(one.event, one.person) for one in db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))]


def test_a_new_installation_leads_to_the_terminal(stranger: FlaskClient) -> None:
    assert stranger.get("/customers").location.startswith("/sign-in")
    assert "There is no owner yet" in page(stranger.get("/sign-in")).text


def test_the_link_makes_the_owner_once(app: Flask, stranger: FlaskClient, first_link: str) -> None:
    page(stranger.get(first_link))
    form = {"email": "Anna@Example.com", "password": PASSWORD, "again": PASSWORD}
    assert stranger.post(first_link, data=form).location == "/"
    assert stranger.get("/settings/users").status_code == 200
    late = app.test_client(role=None)
    assert late.get(first_link).status_code == 404
    assert late.post(first_link, data=form).status_code == 404
    assert ("owner_created", ANNA) in events(app)
    with app.app_context():
        (user,) = accounts.everybody(db.session)
        assert (user.email, user.kind) == (ANNA, Role.OWNER)
        assert user.password.startswith("$argon2id$")
        assert accounts.first_link(db.session) is None


def test_a_link_holds_for_a_day(stranger: FlaskClient, first_link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "LINK_SECONDS", -1)
    assert stranger.get(first_link).status_code == 404
    assert stranger.get(first_link[:-1]).status_code == 404


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"password": "aaaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaaa"}, "too easy to guess"),
        ({"password": ANNA, "again": ANNA}, "too easy to guess"),
        ({"password": PASSWORD, "again": PASSWORD + "x"}, "The two are not the same"),
        ({"email": "anna"}, "This is not an email address"),
    ],
)
def test_a_bad_password_or_email_is_refused(
    stranger: FlaskClient, first_link: str, given: dict[str, str], sentence: str
) -> None:
    form = {"email": ANNA, "password": PASSWORD, "again": PASSWORD} | given
    assert sentence in page(stranger.post(first_link, data=form), 422).text


def test_who_signs_in_lands_on_the_page_asked_for(app: Flask, stranger: FlaskClient, anna: str) -> None:
    assert sign_in(stranger, "ANNA@example.com ", next="/tasks/12").location == "/tasks/12"
    cookie = stranger.get_cookie("session")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert sign_in(app.test_client(role=None), next="https://evil.example").location == "/"
    assert ("signed_in", ANNA) in events(app)


def test_a_wrong_password_and_an_unknown_account_read_alike(app: Flask, stranger: FlaskClient, anna: str) -> None:
    wrong, unknown = sign_in(stranger, password="wrong"), sign_in(stranger, "nobody@example.com")
    assert page(wrong, 422).text == page(unknown, 422).text
    assert events(app)[-2:] == [("sign_in_failed", ANNA), ("sign_in_failed", None)]


def test_many_wrong_passwords_have_to_wait(stranger: FlaskClient, anna: str) -> None:
    answers = [sign_in(stranger, password="wrong").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    answer = sign_in(stranger)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]
    assert sign_in(stranger, "other@example.com").status_code == 422


def test_sign_in_is_limited_and_works_while_the_broker_is_down(
    make_app: Callable[..., Flask], database: str, anna: str
) -> None:
    app = make_app(DATABASE_URL=database, REDIS_URL="unix:///nowhere.sock")
    client = app.test_client(role=None)
    assert sign_in(client).status_code == 303
    answers = [sign_in(app.test_client(role=None), password="wrong").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_a_session_from_before_signing_in_is_worth_nothing(app: Flask, stranger: FlaskClient, anna: str) -> None:
    """Whoever plants a cookie in a browser has no part in what its person then begins."""
    planted = app.test_client(role=None)
    page(planted.get("/sign-in"))
    with planted.session_transaction() as session:
        session["mark"] = "planted"
    cookie = planted.get_cookie("session")
    assert cookie
    stranger.set_cookie("session", cookie.value)
    assert sign_in(stranger).status_code == 303
    own = stranger.get_cookie("session")
    assert own
    assert own.value != cookie.value
    with stranger.session_transaction() as session:
        assert "mark" not in session
    assert planted.get("/tasks").status_code == 303


def test_signing_out_ends_the_session(app: Flask, stranger: FlaskClient, anna: str) -> None:
    sign_in(stranger)
    assert stranger.post("/sign-out").location == "/sign-in"
    assert stranger.get("/tasks").status_code == 303
    assert ("signed_out", ANNA) in events(app)


def test_signing_out_everywhere_ends_all_sessions(app: Flask, anna: str) -> None:
    phone, desk = app.test_client(role=None), app.test_client(role=None)
    sign_in(phone)
    sign_in(desk)
    stolen = desk.get_cookie("session")
    assert stolen is not None
    desk.post("/account/sign-out-everywhere")
    assert phone.get("/tasks").status_code == 303
    thief = app.test_client(role=None)
    thief.set_cookie("session", stolen.value)
    assert thief.get("/tasks").status_code == 303


def test_a_changed_password_ends_all_other_sessions(app: Flask, anna: str) -> None:
    phone, desk = app.test_client(role=None), app.test_client(role=None)
    sign_in(phone)
    sign_in(desk)
    new = {"password": "eight loud ravens", "again": "eight loud ravens"}
    refused = page(desk.post("/account/password", data=new | {"current": "wrong"}), 422)
    assert "not your present password" in refused.text
    assert desk.post("/account/password", data=new | {"current": PASSWORD}).status_code == 303
    assert desk.get("/account").status_code == 200
    assert phone.get("/account").status_code == 303
    assert sign_in(app.test_client(role=None)).status_code == 422
    assert sign_in(app.test_client(role=None), password="eight loud ravens").status_code == 303


def code_at(key: str, seconds: float) -> str:
    """RFC 6238, written out: what an authenticator app shows."""
    digest = hmac.digest(base64.b32decode(key + "=" * (-len(key) % 8)), struct.pack(">Q", int(seconds // 30)), "sha1")
    (number,) = struct.unpack(">I", digest[digest[-1] & 15 :][:4])
    return f"{(number & 0x7FFFFFFF) % 10**6:06}"


def test_the_second_factor_is_asked_for_and_no_code_taken_twice(app: Flask, anna: str) -> None:
    desk = app.test_client(role=None)
    sign_in(desk)
    shown = page(desk.get("/account/second-factor"))
    key = re.search(r"Key: ([A-Z2-7-]+)", shown.text)
    assert key
    secret_text, now = key[1].replace("-", ""), time.time()
    wrong = desk.post("/account/second-factor", data={"code": "000000", "current": PASSWORD})
    assert "This code is not right" in page(wrong, 422).text
    earlier = code_at(secret_text, now - 30)
    added = desk.post("/account/second-factor", data={"code": earlier, "current": PASSWORD})
    assert added.status_code == 303

    phone = app.test_client(role=None)
    assert sign_in(phone, next="/tasks").location == "/sign-in/code?next=/tasks"
    assert phone.get("/tasks").status_code == 303
    assert page(phone.get("/sign-in/code"))
    assert phone.post("/sign-in/code", data={"code": earlier}).status_code == 422
    assert phone.post("/sign-in/code?next=/tasks", data={"code": code_at(secret_text, now)}).location == "/tasks"
    assert phone.get("/tasks").status_code == 200
    with app.app_context():
        secret = db.session.scalar(select(User.totp_secret))
        assert secret
        assert secret_text not in secret

    assert phone.post("/account/second-factor/remove", data={"remove-current": "wrong"}).status_code == 422
    assert phone.post("/account/second-factor/remove", data={"remove-current": PASSWORD}).status_code == 303
    assert sign_in(app.test_client(role=None)).location == "/"


def test_the_second_step_needs_the_first(stranger: FlaskClient, anna: str) -> None:
    assert stranger.get("/sign-in/code").location == "/sign-in"
    assert stranger.post("/sign-in/code", data={"code": "123456"}).location == "/sign-in"


def added(client: FlaskClient, email: str = "bob@example.com", role: str = "analyst") -> str:
    """The address of the link for a new user."""
    shown: Any = page(client.post("/settings/users", data={"email": email, "role": role}))
    address: str = shown.with_id("link")["value"]
    return address.removeprefix("http://localhost")


def test_an_owner_adds_a_user_who_chooses_a_password_by_the_link(app: Flask, client: FlaskClient) -> None:
    link = added(client)
    bob = app.test_client(role=None)
    assert sign_in(bob, "bob@example.com", "").status_code == 422
    assert "bob@example.com" in page(bob.get(link)).text
    assert bob.post(link, data={"password": PASSWORD, "again": PASSWORD}).location == "/"
    assert bob.get("/tasks").status_code == 200
    assert bob.get("/imports/new").status_code == 403
    assert app.test_client(role=None).get(link).status_code == 404
    assert (
        "has an account already"
        in page(client.post("/settings/users", data={"email": "BOB@example.com", "role": "analyst"}), 422).text
    )


def test_roles_change_at_once_and_the_last_owner_stays(app: Flask, client: FlaskClient) -> None:
    added(client)
    with app.app_context():
        bob, owner = (
            accounts.by_email(db.session, "bob@example.com"),
            accounts.by_email(db.session, "owner@example.com"),
        )
        assert bob is not None
        assert owner is not None
        bob_id, owner_id = bob.id, owner.id
    assert client.post(f"/settings/users/{bob_id}/role", data={"role": "marketer"}).status_code == 303
    assert client.post(f"/settings/users/{bob_id}/role", data={"role": "king"}).status_code == 422
    for act in ("role", "disable"):
        answer = client.post(f"/settings/users/{owner_id}/{act}", data={"role": "analyst"})
        assert "is the last owner" in page(answer, 422).text
    assert client.post(f"/settings/users/{bob_id}/disable").status_code == 303
    assert client.post(f"/settings/users/{bob_id}/reset").status_code == 422
    assert client.post(f"/settings/users/{bob_id}/enable").status_code == 303
    assert "http" in page(client.post(f"/settings/users/{bob_id}/reset")).with_id("link")["value"]
    assert [event for event, _ in events(app)] == [
        "user_added",
        "role_changed",
        "user_disabled",
        "user_enabled",
        "user_reset",
    ]


def test_secure_cookies_and_strict_transport_behind_tls(
    make_app: Callable[..., Flask], database: str, anna: str
) -> None:
    app = make_app(DATABASE_URL=database, PUBLIC_URL="https://cdp.example.org", PROXIES=1)
    client = app.test_client(role=None)
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "cdp.example.org"}
    answer = client.post("/sign-in", data={"email": ANNA, "password": PASSWORD}, headers=forwarded)
    assert answer.status_code == 303
    assert "; Secure" in answer.headers["Set-Cookie"]
    shown = client.post("/appearance", data={"appearance": "dark"}, headers=forwarded)
    assert all("; Secure; HttpOnly" in cookie for cookie in shown.headers.getlist("Set-Cookie"))
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    with app.app_context():
        addresses = db.session.scalars(select(AuditEvent.address).where(AuditEvent.event == "signed_in"))
        assert list(addresses) == ["203.0.113.9"]
